// Pictures of every kind that is read, against Pillow: tests/fixtures/make_odd_pictures.py.
#include "data/image.h"

#include "core/files/file.h"
#include "data/image_set.h"
#include "data/webp.h"
#include "tests/data/damaged_files.h"
#include "tests/data/pillow.h"
#include "tests/temporary_folder.h"

namespace lanet::test {
namespace {

const nlohmann::json& odd_pictures() {
  static const nlohmann::json all = [] {
    std::ifstream file(tests_folder() / "fixtures/odd_pictures.json");
    REQUIRE(file);
    return nlohmann::json::parse(file);
  }();
  return all;
}

std::string content_of(const nlohmann::json& c) {
  const std::string hex = c["hex"];
  std::string content;
  for (size_t i = 0; i < hex.size(); i += 2)
    content.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  return content;
}

std::string picture_named(const std::string& name) {
  for (const auto& c : odd_pictures()["read"])
    if (c["name"] == name) return content_of(c);
  FAIL("no picture " << name);
  return "";
}

}  // namespace

TEST_CASE("odd pictures: orientation, CMYK, 16 bits, transparency and WebP are read as by Pillow") {
  const TemporaryFolder folder;
  int read = 0;
  for (const auto& c : odd_pictures()["read"]) {
    const std::string name = c["name"];
    CAPTURE(name);
    if (name.ends_with(".webp") && !have_webp()) continue;
    if (name.starts_with("4-2-")) continue;  // the next test
    const HostImage image = decode_image(folder.write(name, content_of(c)).string());
    CHECK(image.width == c["width"].get<int>());
    CHECK(image.height == c["height"].get<int>());
    const bool exact =
        name.ends_with(".png") && name.find("alpha") == name.npos && name.find("rgba") == name.npos;
    CHECK(level_error(image.rgb, c["rgb"]) <= (exact ? 0 : 1));
    ++read;
  }
  CHECK(read >= 30);
}

TEST_CASE("odd pictures: a set that is trained on holds turned pictures as if stored upright") {
  const TemporaryFolder folder;
  const std::string turned =
      folder.write("turned.png", picture_named("orientation-7.png")).string();
  const std::string upright = (folder.path() / "upright.png").string();
  write_png(upright, decode_image(turned));
  REQUIRE(read_text(turned).find("eXIf") != std::string::npos);
  REQUIRE(read_text(upright).find("eXIf") == std::string::npos);
  Context context;
  const std::string files[] = {turned, upright};
  const ImageSet set = load_images(
      context, 2, [&](int64_t i) { return decode_image(files[i]); }, 16);
  REQUIRE(set.images.shape == Shape{2, 16, 16, 3});
  const auto* bytes = set.images.as<uint8_t>();
  CHECK(std::equal(bytes, bytes + 16 * 16 * 3, bytes + 16 * 16 * 3));
}

// stb_image interpolates the missing colour samples differently from libjpeg, which shows in
// colours.
TEST_CASE("odd pictures: a JPEG with fewer colour samples has the brightness that Pillow reads") {
  const TemporaryFolder folder;
  for (const auto& c : odd_pictures()["read"]) {
    const std::string name = c["name"];
    if (!name.starts_with("4-2-")) continue;
    CAPTURE(name);
    const HostImage image = decode_image(folder.write(name, content_of(c)).string());
    const std::vector<int> expected = c["rgb"];
    REQUIRE(image.rgb.size() == expected.size());
    double largest = 0;
    for (size_t i = 0; i < expected.size(); i += 3) {
      auto brightness = [&](const auto& rgb) {
        return 0.299 * rgb[i] + 0.587 * rgb[i + 1] + 0.114 * rgb[i + 2];
      };
      largest = std::max(largest, std::abs(brightness(image.rgb) - brightness(expected)));
    }
    CHECK(largest <= 1);
  }
}

TEST_CASE("odd pictures: what cannot be read is named with its reason") {
  const TemporaryFolder folder;
  auto reason = [&](const std::string& name, const std::string& content) {
    const std::string path = folder.write(name, content).string();
    const std::string message = input_error([&] { decode_image(path); });
    return message.starts_with(path + ": ") ? message.substr(path.size() + 2) : message;
  };
  CHECK(reason("a.jpg", "GIF89a\1\1") == "is a GIF picture; expected a JPEG, PNG or WebP picture");
  CHECK(reason("a.png", "BM1234") == "is a BMP picture; expected a JPEG, PNG or WebP picture");
  CHECK(reason("b.jpg", std::string("\0\0\0\x18"
                                    "ftypheic",
                                    12)) ==
        "is a HEIC picture; expected a JPEG, PNG or WebP picture");
  CHECK(reason("c.jpg", "version https://git-lfs.github.com/spec/v1\n") ==
        "is a Git LFS pointer; expected the file that it stands for (git lfs pull)");
  CHECK(reason("d.jpg", "<html>not found</html>") ==
        "is a web page; expected the file that was to be downloaded");

  std::string arithmetic = picture_named("grey.jpg");
  const size_t frame = arithmetic.find("\xFF\xC0");
  REQUIRE(frame != arithmetic.npos);
  arithmetic[frame + 1] = '\xC9';
  CHECK(reason("e.jpg", arithmetic) ==
        "is a JPEG picture of a kind that is not read (arithmetic-coded); expected a baseline or "
        "progressive one of 8 bits");
  std::string deep = picture_named("grey.jpg");
  deep[frame + 4] = 12;
  CHECK(reason("f.jpg", deep).find("(12-bit)") != std::string::npos);

  for (const auto& c : odd_pictures()["refused"])
    CHECK(reason(c["name"], content_of(c)) ==
          (have_webp() ? c["reason"].get<std::string>()
                       : "is a WebP picture, which needs a program built with libwebp; expected a "
                         "JPEG or PNG picture"));
}

TEST_CASE("odd pictures: a JPEG with too many codes, or without those that it uses, is refused") {
  const TemporaryFolder folder;
  const std::string refusal = "damaged picture (bad Huffman table)";
  const auto reason = [&](const std::string& content) {
    const std::string path = folder.write("picture.jpg", content).string();
    const std::string message = input_error([&] { decode_image(path); });
    return message.substr(std::min(path.size() + 2, message.size()));
  };
  const std::string_view kTable = "\xFF\xC4", kScan = "\xFF\xDA";
  const std::string grey = picture_named("grey.jpg");
  const size_t first = grey.find(kTable);

  std::string many = grey;
  many[first + 5] = many[first + 6] = '\xFF';  // so many codes of one and of two bits
  CHECK(reason(many) == refusal);
  many[first + 2] = 0, many[first + 3] = 3;  // in a segment that ends before they are counted
  CHECK(reason(many) == refusal);

  std::string other = grey;
  other[grey.find(kScan) + 6] = 0x11;  // tables 1
  CHECK(reason(other) == refusal);
  const auto without_table = [&](std::string picture, size_t from) {
    const size_t at = picture.find(kTable, from);
    return picture.erase(at, 2 + static_cast<uint8_t>(picture[at + 3]));
  };
  CHECK(reason(without_table(grey, 0)) == refusal);
  CHECK(reason(without_table(grey, first + 1)) == refusal);
  CHECK(reason(without_table(picture_named("progressive.jpg"), 0)) == refusal);
}

TEST_CASE("odd pictures: damaged files are read or refused, and files cut short are refused") {
  for (const char* name :
       {"orientation-6-big-endian.jpg", "orientation-7.png", "orientation-6.webp"}) {
    CAPTURE(name);
    const int refused = read_damaged(picture_named(name), name,
                                     [](const auto& path) { decode_image(path.string()); });
    CHECK(refused > 0);
  }
}

}  // namespace lanet::test
