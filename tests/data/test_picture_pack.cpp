// Packed files: what they hold, that they are finished after an interruption, and what is refused.
#include "data/picture_pack.h"

#include <doctest/doctest.h>

#include <atomic>
#include <filesystem>

#include "core/error.h"
#include "core/files/safetensors.h"
#include "tests/input_error.h"
#include "tests/temporary_folder.h"

namespace lanet::test {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kPictures = 9;
constexpr int kBad = 4;

HostImage stripes(int64_t index) {
  HostImage image{.width = 20 + static_cast<int>(index), .height = 16, .rgb = {}};
  for (int i = 0; i < 3 * image.width * image.height; ++i)
    image.rgb.push_back(static_cast<uint8_t>(i * (index + 3)));
  return image;
}

/// Opens a pack, and counts the pictures that are decoded for it.
class Packer {
 public:
  explicit Packer(int image_size = 12) : image_size_(image_size) {}

  PicturePack open(uint64_t key = 7) {
    decoded = 0;
    return open_pack(folder.path() / "packs", key, kPictures, image_size_,
                     [&](int64_t i) {
                       if (i == fails_at) throw Error("the machine stops");
                       if (i == kBad && !repaired) throw InputError("4.png: damaged");
                       ++decoded;
                       return stripes(i);
                     },
                     /*threads=*/2, {});
  }
  fs::path file(uint64_t key = 7) const {
    return folder.path() / "packs" / fmt::format("{:016x}.safetensors", key);
  }
  const uint8_t* picture(const PicturePack& pack, int64_t i) const {
    return pack.images + i * image_size_ * image_size_ * 3;
  }
  void check_picture(const PicturePack& pack, int64_t i) const {
    const HostImage expected = resize_image(stripes(i), image_size_);
    CHECK(std::equal(expected.rgb.begin(), expected.rgb.end(), picture(pack, i)));
    CHECK(pack.sizes[i].width == 20 + i);
    CHECK(pack.sizes[i].height == 16);
  }

  TemporaryFolder folder;
  std::atomic<int> decoded = 0;
  int64_t fails_at = -1;
  bool repaired = false;

 private:
  int image_size_;
};

}  // namespace

TEST_CASE("picture pack: written once, then opened without decoding") {
  Packer packer;
  for (const int decoded : {kPictures - 1, int64_t{0}}) {
    const PicturePack pack = packer.open();
    CHECK(packer.decoded == decoded);
    for (int64_t i = 0; i < kPictures; ++i)
      if (i != kBad) packer.check_picture(pack, i);
    REQUIRE(pack.bad.size() == 1);
    CHECK(pack.bad[0].index == kBad);
    CHECK(pack.bad[0].message == "4.png: damaged");
    CHECK(pack.sizes[kBad].width == 0);
  }
  packer.open(8);
  CHECK(packer.decoded == kPictures - 1);
  CHECK(fs::exists(packer.file(8)));
  packer.repaired = true;
  const PicturePack pack = packer.open();
  CHECK(packer.decoded == 1);
  CHECK(pack.bad.empty());
  packer.check_picture(pack, kBad);
}

TEST_CASE("picture pack: the file is a safetensors file") {
  Packer packer;
  packer.repaired = true;
  const PicturePack pack = packer.open();
  const NamedArrays file = read_safetensors(packer.file());
  CHECK(file.metadata.at("format") == "lanet-pack/1");
  CHECK(file.metadata.at("key") == "0000000000000007");
  const HostArray& images = file.arrays.at("images");
  CHECK(images.shape == std::vector<int64_t>{kPictures, 12, 12, 3});
  CHECK(std::equal(images.bytes.begin(), images.bytes.end(),
                   reinterpret_cast<const std::byte*>(pack.images)));
  CHECK(file.arrays.at("sizes").to<int64_t>()[2] == 21);
}

TEST_CASE("picture pack: an interrupted one keeps what was decoded") {
  Packer packer(1500);  // 6.75 MB a picture, so that it is written in several parts
  packer.repaired = true;
  packer.fails_at = kPictures - 1;
  CHECK_THROWS_AS(packer.open(), Error);
  packer.fails_at = -1;
  const PicturePack pack = packer.open();
  CHECK(packer.decoded < kPictures);
  CHECK(packer.decoded > 0);
  for (int64_t i = 0; i < kPictures; ++i) packer.check_picture(pack, i);
}

TEST_CASE("picture pack: a file that was enlarged and not begun is written") {
  Packer packer;
  packer.open();
  const auto size = fs::file_size(packer.file());
  for (const auto part : {size / 2, size}) {
    std::ofstream(packer.file(), std::ios::trunc);
    fs::resize_file(packer.file(), part);
    packer.check_picture(packer.open(), 0);
    CHECK(fs::file_size(packer.file()) == size);
  }
}

TEST_CASE("picture pack: a damaged file and one that cannot be written are refused") {
  Packer packer;
  packer.open();
  fs::resize_file(packer.file(), fs::file_size(packer.file()) - 1);
  CHECK(is_line_with(input_error([&] { packer.open(); }),
                     "0000000000000007.safetensors: not the packed file of these pictures, or "
                     "damaged; delete it to have it written again"));
  fs::resize_file(packer.file(), fs::file_size(packer.file()) + 1);
  CHECK_NOTHROW(packer.open());
  std::fstream(packer.file(), std::ios::in | std::ios::out | std::ios::binary).seekp(30).put('X');
  CHECK_FALSE(input_error([&] { packer.open(); }).empty());
  fs::remove(packer.file());
  fs::create_directory(packer.file());
  CHECK_THROWS_AS(packer.open(), Error);
}

}  // namespace lanet::test
