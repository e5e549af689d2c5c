#include "data/image.h"

#include "core/files/file.h"
#include "data/image_set.h"
#include "tests/data/pillow.h"
#include "tests/temporary_folder.h"

namespace lanet::test {
namespace {

using Bytes = std::vector<uint8_t>;

/// A temporary folder whose files are pictures: paths as text, contents as bytes.
class Folder {
 public:
  std::string file(const std::string& name) const { return (folder_.path() / name).string(); }
  std::string file(const std::string& name, const Bytes& data) const {
    return folder_.write(name, {data.begin(), data.end()}).string();
  }

 private:
  TemporaryFolder folder_;
};

Bytes bytes_of(const std::string& path) {
  const std::string text = read_text(path);
  return {text.begin(), text.end()};
}

HostImage pattern_image(int width, int height) {
  const OwnedTensor levels = pattern(width, height);
  const auto* data = levels.tensor().as<uint8_t>();
  return {width, height, {data, data + levels.elements()}};
}

/// Slow changes, which JPEG keeps.
HostImage smooth_image(int width, int height) {
  HostImage image{width, height, Bytes(size_t{3} * width * height)};
  for (int i = 0; i < 3 * width * height; ++i)
    image.rgb[i] = static_cast<uint8_t>(40 + 2 * (i / 3 % width) + 3 * (i / 3 / width));
  return image;
}

std::string refusal(const std::string& path) {
  try {
    decode_image(path);
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("image: what is written as PNG comes back unchanged, as JPEG nearly") {
  const Folder folder;
  const HostImage sharp = pattern_image(13, 7), smooth = smooth_image(21, 18);
  write_png(folder.file("a.png"), sharp);
  const HostImage png = decode_image(folder.file("a.png"));
  CHECK(png.width == 13);
  CHECK(png.height == 7);
  CHECK(png.rgb == sharp.rgb);
  write_jpeg(folder.file("a.jpg"), smooth, 95);
  const HostImage jpeg = decode_image(folder.file("a.jpg"));
  CHECK(jpeg.width == 21);
  CHECK(level_error(jpeg.rgb, nlohmann::json(smooth.rgb)) <= 4);
  CHECK(bytes_of(folder.file("a.jpg")).size() > 100);
}

TEST_CASE("image: grey, palette, alpha and progressive files become the RGB that Pillow reads") {
  const Folder folder;
  for (const auto& c : pillow()["files"]) {
    const std::string name = c["name"], hex = c["hex"];
    CAPTURE(name);
    Bytes data;
    for (size_t i = 0; i < hex.size(); i += 2)
      data.push_back(static_cast<uint8_t>(std::stoi(hex.substr(i, 2), nullptr, 16)));
    const HostImage image = decode_image(folder.file(name, data));
    CHECK(image.width == c["width"].get<int>());
    CHECK(image.height == c["height"].get<int>());
    // JPEG decoders may differ by a level in the inverse transform.
    CHECK(level_error(image.rgb, c["rgb"]) <= (name.ends_with(".png") ? 0 : 1));
  }
}

TEST_CASE("image: a file cut short anywhere is refused by name") {
  const Folder folder;
  const HostImage image = pattern_image(40, 30);
  write_png(folder.file("a.png"), image);
  write_jpeg(folder.file("a.jpg"), image, 90);
  for (const char* name : {"a.png", "a.jpg"}) {
    const Bytes whole = bytes_of(folder.file(name));
    for (const size_t missing : {size_t{1}, size_t{2}, whole.size() / 2, whole.size() - 12}) {
      CAPTURE(missing);
      const std::string cut =
          folder.file(std::string("cut-") + name, Bytes(whole.begin(), whole.end() - missing));
      CHECK(refusal(cut).find("picture is cut short") != std::string::npos);
      CHECK(refusal(cut).starts_with(cut + ": "));
    }
  }
}

TEST_CASE("image: an end marker inside a JPEG's segment is not its end; bytes after the end are") {
  const Folder folder;
  write_jpeg(folder.file("a.jpg"), pattern_image(16, 16), 90);
  const Bytes whole = bytes_of(folder.file("a.jpg"));
  const Bytes segment = {0xFF, 0xE1, 0x00, 0x06, 0xFF, 0xD9, 0xFF, 0xD9};
  Bytes preview = whole;
  preview.insert(preview.begin() + 2, segment.begin(), segment.end());
  CHECK(refusal(folder.file("preview.jpg", preview)) == "accepted");
  preview.erase(preview.end() - 2, preview.end());
  CHECK(refusal(folder.file("preview.jpg", preview)).find("cut short") != std::string::npos);
  Bytes padded = whole;
  padded.insert(padded.end(), 37, 0);
  CHECK(refusal(folder.file("padded.jpg", padded)) == "accepted");
}

TEST_CASE("image: what is no picture is refused in one line with file and reason") {
  const Folder folder;
  const std::string text = folder.file("text.jpg", {'h', 'e', 'l', 'l', 'o'});
  const std::string empty = folder.file("empty.png", {});
  CHECK(refusal(folder.file("none.jpg")) == folder.file("none.jpg") + ": no such picture");
  CHECK(refusal(text) == text + ": is not a JPEG, PNG or WebP picture");
  CHECK(refusal(empty) == empty + ": is empty; expected a JPEG, PNG or WebP picture");
  CHECK(refusal(folder.file("")) == folder.file("") + ": is a folder; expected a picture");
  write_png(folder.file("a.png"), pattern_image(9, 9));
  Bytes damaged = bytes_of(folder.file("a.png"));
  damaged[24] = 77;  // a bit depth that PNG does not have
  const std::string path = folder.file("damaged.png", damaged);
  CHECK(refusal(path).starts_with(path + ": damaged picture ("));
  CHECK_THROWS_AS(write_png(folder.file("no/such/folder.png"), pattern_image(2, 2)), Error);
}

TEST_CASE("image_set: readable pictures in order, the others by name, on any number of threads") {
  const Folder folder;
  std::vector<std::string> paths;
  for (int i = 0; i < 9; ++i) {
    paths.push_back(folder.file(fmt::format("{}.png", i)));
    if (i != 3 && i != 7) write_png(paths.back(), pattern_image(10 + i, 12));
  }
  folder.file("7.png", {1, 2, 3});
  for (const int threads : {1, 2}) {
    Context context(Device::cpu, threads);
    int64_t last = -1, calls = 0;
    const auto progress = [&](int64_t done, int64_t total) {
      CHECK(total == 9);
      CHECK(done >= last);
      last = done;
      ++calls;
    };
    const ImageSet set = load_images(
        context, 9, [&](int64_t i) { return decode_image(paths[i]); }, 16, {}, progress);
    CHECK(last == 9);
    CHECK(calls >= 1);
    REQUIRE(set.bad.size() == 2);
    CHECK(set.bad[0].index == 3);
    CHECK(set.bad[0].message == paths[3] + ": no such picture");
    CHECK(set.bad[1].index == 7);
    REQUIRE(set.size() == 7);
    REQUIRE(set.images.shape == Shape{9, 16, 16, 3});
    const int kept[] = {0, 1, 2, 4, 5, 6, 8};
    for (int i = 0; i < 7; ++i) {
      const HostImage expected = resize_image(pattern_image(10 + kept[i], 12), 16);
      const auto* row = set.picture(i).as<uint8_t>();
      CHECK(Bytes(row, row + 16 * 16 * 3) == expected.rgb);
    }
  }
}

TEST_CASE("image_set: no pictures at all is an empty set") {
  Context context;
  const ImageSet none = load_images(context, 0, {}, 8);
  CHECK(none.size() == 0);
  CHECK(none.images.shape == Shape{0, 8, 8, 3});
  CHECK(none.bad.empty());
}

TEST_CASE("image: a thumbnail is as large as is asked for at most, and keeps its shape") {
  const Folder folder;
  const auto size_of_thumbnail = [&](int width, int height) {
    const HostImage small =
        decode_image(folder.file("small.jpg", thumbnail(smooth_image(width, height), 32)));
    return std::pair(small.width, small.height);
  };
  CHECK(size_of_thumbnail(64, 48) == std::pair(32, 24));
  CHECK(size_of_thumbnail(10, 100) == std::pair(3, 32));
  CHECK(size_of_thumbnail(500, 2) == std::pair(32, 1));
  CHECK(size_of_thumbnail(20, 32) == std::pair(20, 32));
}

}  // namespace lanet::test
