// What every reader's faces go through: boxes, names, labels and files of any kind.
#include "data/face_list.h"

#include <doctest/doctest.h>

#include "data/image_set.h"
#include "data/readers.h"
#include "tests/input_error.h"
#include "tests/temporary_folder.h"

namespace lanet::test {
namespace {

namespace fs = std::filesystem;

/// 4 x 3 pixels; that at (x, y) has the levels 10·y + x, 100 + x and 200 + y.
HostImage small_picture() {
  HostImage image{.width = 4, .height = 3, .rgb = {}};
  for (int y = 0; y < 3; ++y)
    for (int x = 0; x < 4; ++x)
      for (const int level : {10 * y + x, 100 + x, 200 + y})
        image.rgb.push_back(static_cast<uint8_t>(level));
  return image;
}

/// A list of this picture in a file, once for each box.
FaceList boxed(const TemporaryFolder& folder, const std::vector<FaceBox>& boxes) {
  const fs::path file = folder.path() / "a.png";
  write_png(file.string(), small_picture());
  FaceList list;
  for (const FaceBox& box : boxes) {
    list.names.push_back("a.png");
    list.paths.push_back(file);
    list.boxes.push_back(box);
  }
  return list;
}

void check_crop(const FaceBox& box, int left, int top, int width, int height) {
  const TemporaryFolder folder;
  const HostImage whole = small_picture(), part = face_picture(boxed(folder, {box}), 0);
  REQUIRE(part.width == width);
  REQUIRE(part.height == height);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < 3; ++c) {
        const int from_x = left + x, from_y = top + y;
        const bool inside = from_x >= 0 && from_x < 4 && from_y >= 0 && from_y < 3;
        CAPTURE(x);
        CAPTURE(y);
        CHECK(part.rgb[static_cast<size_t>(3 * (y * width + x) + c)] ==
              (inside ? whole.rgb[static_cast<size_t>(3 * (from_y * 4 + from_x) + c)] : 0));
      }
}

/// The message about a table `path,label,split` of the folder with these rows.
std::string table_error(const TemporaryFolder& folder, const std::string& rows) {
  folder.write("faces.csv", "path,label,split\n" + rows);
  return input_error([&] {
    read_split({.root = folder.path(), .labels = "faces.csv"}, DataFormat::csv, Split::train);
  });
}

std::string folder_error(const TemporaryFolder& folder) {
  return input_error(
      [&] { read_split({.root = folder.path()}, DataFormat::folder, Split::train); });
}

}  // namespace

TEST_CASE("faces: a picture is cropped to its box, and black where the box extends beyond it") {
  check_crop({1, 1, 2, 2}, 1, 1, 2, 2);
  check_crop({-1, -1, 3, 3}, -1, -1, 3, 3);
  check_crop({2, 1, 5, 4}, 2, 1, 5, 4);
  check_crop({0.6, -0.4, 1.5, 2.4}, 1, 0, 2, 2);  // to the nearest pixels
  check_crop({-8, -4, 16, 12}, -8, -4, 16, 12);   // the largest
}

TEST_CASE("faces: a box beside its picture, or far larger, is a bad picture") {
  const TemporaryFolder folder;
  const std::vector<FaceBox> boxes = {{4, 0, 2, 2},  {0, 3, 2, 2},         {-2, 0, 2, 2},
                                      {0, -9, 2, 9}, {0, 0, 900000, 9e5},  {0, 0, 17, 2},
                                      {0, 0, 2, 13}, {-1e6, -1e6, 1e6, 1}, {1, 1, 2, 2}};
  const FaceList list = boxed(folder, boxes);
  for (size_t i = 0; i + 1 < boxes.size(); ++i) {
    const std::string message = input_error([&] { face_picture(list, i); });
    CAPTURE(message);
    CHECK(is_line_with(message, "a.png: a face of "));
    CHECK(is_line_with(message, "in a picture of 4 x 3; expected a box that overlaps it"));
  }
  CHECK(input_error([&] {
          face_picture(list, 4);
        }).ends_with("overlaps it and is at most 4 times as wide and high"));
  Context context;
  const ImageSet set = load_images(
      context, std::ssize(boxes),
      [&](int64_t i) { return face_picture(list, static_cast<size_t>(i)); }, 8, {}, {}, {});
  CHECK(set.bad.size() == boxes.size() - 1);
  CHECK(set.rows == std::vector<int32_t>{8});
}

TEST_CASE("faces: names outside data.root, or that a table cannot hold, are refused") {
  const TemporaryFolder folder;
  folder.write("a.jpg", "");
  folder.write("b.jpg", "");
  const std::string good = "a.jpg,sad,train\n";
  const auto refuse = [&](const std::string& name, const std::string& what) {
    const std::string message = table_error(folder, good + name + ",fear,train\n");
    CAPTURE(message);
    CHECK(is_line_with(message, "faces.csv:3: " + what));
  };
  refuse("../b.jpg", "picture '../b.jpg' is outside data.root; expected a path below data.root");
  refuse("x/../../b.jpg", "picture '../b.jpg' is outside data.root");
  refuse("/b.jpg", "picture '/b.jpg' is absolute; expected a path below data.root, relative to it");
  refuse((folder.path() / "a.jpg").string(), "picture '");
  refuse("x/../a.jpg", "a.jpg occurs a second time");
  refuse(std::string(90, 'x') + "\x01.jpg", "the name 'xxx");
  refuse("\xED\xA0\x80.jpg",
         R"(the name '\xED\xA0\x80.jpg' is not UTF-8)");  // half of a surrogate pair
  refuse("\xC0\xAF.jpg", R"(the name '\xC0\xAF.jpg' is not UTF-8)");
  refuse("\xE0\x80\xAF.jpg", R"(the name '\xE0\x80\xAF.jpg' is not UTF-8)");  // too long a form
  refuse("\xF4\x90\x80\x80.jpg", R"(the name '\xF4\x90\x80\x80.jpg' is not UTF-8)");
  folder.write("..b\xC3\xA9\xF0\x9F\x98\x80.jpg", "");
  CHECK(table_error(folder, good + "..b\xC3\xA9\xF0\x9F\x98\x80.jpg,fear,train\n").empty());
}

TEST_CASE("faces: labels that JSON cannot hold, and too many of them, are refused") {
  const TemporaryFolder folder, latin, control;
  folder.write("a.jpg", "");
  folder.write("b.jpg", "");
  CHECK(is_line_with(
      table_error(folder, "a.jpg,sad,train\nb.jpg,f\xE9,train\n"),
      R"(faces.csv:3: the label 'f\xE9' is not UTF-8; expected a label in that encoding)"));
  CHECK(is_line_with(table_error(folder, "a.jpg,sad,train\nb.jpg,\"f\x01\",train\n"),
                     R"(faces.csv:3: the label 'f\x01' has control characters)"));
  latin.write("train/sad/a.jpg", "");
  latin.write("train/caf\xE9/b.jpg", "");
  CHECK(is_line_with(folder_error(latin), R"(b.jpg: the label 'caf\xE9' is not UTF-8)"));
  control.write("train/sad/a.jpg", "");
  control.write("train/two\nlines/b.jpg", "");
  CHECK(is_line_with(folder_error(control), R"(the label 'two\x0Alines' has control characters)"));
  std::string rows;
  for (int i = 0; i < 1001; ++i) rows += fmt::format("{}.jpg,user{},train\n", i, i);
  CHECK(is_line_with(table_error(folder, rows),
                     "faces.csv:1002: label 'user1000': more than 1000 different labels"));
  rows.resize(rows.rfind("1000.jpg"));
  CHECK(is_line_with(table_error(folder, rows), "picture "));  // 1000 are not too many
}

TEST_CASE("faces: names that are too long and loops of links are refused in a line") {
  const TemporaryFolder folder, classes;
  folder.write("a.jpg", "");
  const std::string name = std::string(300, 'x') + ".jpg";
  CHECK(is_line_with(table_error(folder, "a.jpg,sad,train\n" + name + ",fear,train\n"),
                     ".jpg: File name too long"));
  fs::create_symlink("loop.jpg", folder.path() / "loop.jpg");
  CHECK(is_line_with(table_error(folder, "a.jpg,sad,train\nloop.jpg,fear,train\n"),
                     "loop.jpg: Too many levels of symbolic links"));
  fs::create_directory(folder.path() / "b.jpg");
  CHECK(is_line_with(table_error(folder, "a.jpg,sad,train\nb.jpg,fear,train\n"),
                     "b.jpg: it is not a file"));
  CHECK(is_line_with(input_error([&] {
                       read_split({.root = folder.path(), .labels = name + ".csv"}, DataFormat::csv,
                                  Split::train);
                     }),
                     ".csv: there is no such file"));
  fs::create_symlink("loop.csv", folder.path() / "loop.csv");
  CHECK(recognise_format({.root = folder.path()}).format == DataFormat::csv);
  CHECK(is_line_with(input_error([&] { recognise_format({.root = folder.path() / name}); }),
                     "there is no such folder"));
  for (const char* picture : {"train/sad/a.jpg", "train/fear/b.jpg"}) classes.write(picture, "");
  fs::create_symlink("loop", classes.path() / "loop");
  fs::create_symlink("loop.jpg", classes.path() / "train/sad/loop.jpg");
  CHECK(read_split({.root = classes.path()}, DataFormat::folder, Split::train).size() == 2);
}

}  // namespace lanet::test
