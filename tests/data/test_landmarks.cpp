#include <doctest/doctest.h>

#include "core/files/file.h"
#include "data/csv.h"
#include "data/landmarks.h"
#include "tests/files.h"
#include "tests/input_error.h"
#include "tests/temporary_folder.h"

namespace lanet::test {
namespace {

const std::filesystem::path kData = tests_folder() / "fixtures";
const std::vector<std::string> kTwo = {"train_1.jpg", "train_2.jpg"};
const std::vector<std::string> kThree = {"train_1.jpg", "train_2.jpg", "train_3.jpg"};

/// The header's point columns, those of point i being `NAME_x,NAME_y`.
std::string point_columns() {
  std::string text;
  for (const auto name : kLandmarkNames) text += fmt::format(",{}_x,{}_y", name, name);
  return text;
}
/// The coordinates start, start + 1, … of one face.
std::string points(int start) {
  std::string text;
  for (int i = 0; i < 2 * kNumLandmarks; ++i) text += fmt::format(",{}", start + i);
  return text;
}
/// The text with its first `from` replaced by `to`.
std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t found = text.find(from);
  REQUIRE(found != std::string::npos);
  return text.replace(found, from.size(), to);
}
/// An .npy file of f4 with this shape and these values.
std::string npy(const std::string& shape, const std::vector<float>& values) {
  const std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': " + shape + ", }\n";
  std::string text("\x93NUMPY\x01\x00", 8);
  text += static_cast<char>(header.size());
  text += '\0';
  text += header;
  return text.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
}

}  // namespace

TEST_CASE("landmarks: a .tensor file has its rows in the order of the training lines") {
  const Landmarks landmarks = read_landmarks(kData / "points.tensor", kThree, {});
  CHECK(landmarks.num_faces == 3);
  CHECK(landmarks.num_landmarks == 19);
  CHECK(landmarks.valid == std::vector<uint8_t>{1, 1, 1});
  REQUIRE(landmarks.points.size() == 3 * 19 * 2);
  for (size_t i = 0; i < landmarks.points.size(); ++i)
    CHECK(landmarks.points[i] == 0.5f * static_cast<float>(i));
}

TEST_CASE("landmarks: coordinates are scaled to the picture's size where theirs is given") {
  const Landmarks landmarks =
      read_landmarks(kData / "points.tensor", kThree, {.image_size = 64, .coordinate_size = 256.0});
  CHECK(landmarks.points[8] == 1.0f);
  CHECK(landmarks.points[113] == 14.125f);
}

TEST_CASE("landmarks: an .npy file has [N, L, 2] or [N, 2·L]") {
  CHECK(read_landmarks(kData / "points_f4.npy", kTwo, {}).points[75] == 37.5f);
  const Landmarks flat = read_landmarks(kData / "flat_f8.npy", kTwo, {});
  CHECK(flat.num_landmarks == 19);
  CHECK(flat.points[75] == 75.0f);
  const TemporaryFolder folder;
  const auto five = folder.write("five.npy", npy("(1, 10)", std::vector<float>(10, 1.0f)));
  CHECK(read_landmarks(five, {kTwo.data(), 1}, {.num_landmarks = 5}).points.size() == 10);
}

TEST_CASE("landmarks: a .csv is matched by picture and column name, whatever their order") {
  const TemporaryFolder folder;
  std::string header = "view," + point_columns().substr(1) + ",ok,image";
  header = replaced(header, "brow_l_outer_x,brow_l_outer_y", "brow_l_outer_y,brow_l_outer_x");
  const auto path =
      folder.write("a.csv", "\xEF\xBB\xBF" + header + "\r\n" + "side" + points(100) +
                                ",1,train_2.jpg\r\n" + "front" + points(200) + ",1,test_1.jpg\r\n" +
                                "front" + points(0) + ",1, train_1.jpg\r\n\r\n");
  const Landmarks landmarks = read_landmarks(path, kTwo, {});
  CHECK(landmarks.num_faces == 2);
  CHECK(landmarks.valid == std::vector<uint8_t>{1, 1});
  REQUIRE(landmarks.points.size() == 2 * 38);
  CHECK(landmarks.points[0] == 1.0f);  // x stands in the second of the exchanged columns
  CHECK(landmarks.points[1] == 0.0f);
  CHECK(landmarks.points[2] == 2.0f);
  CHECK(landmarks.points[37] == 37.0f);
  CHECK(landmarks.points[38 + 37] == 137.0f);
}

TEST_CASE("landmarks: ok = 0 marks a face as not valid, and its points may be missing") {
  const TemporaryFolder folder;
  const auto path =
      folder.write("a.csv", "image" + point_columns() + ",ok\n" + "train_1.jpg" +
                                replaced(replaced(points(1), ",1,", ",,"), ",3,", ",nan,") +
                                ",0\n" + "train_2.jpg" + points(0) + ",1\n");
  const Landmarks landmarks = read_landmarks(path, kTwo, {.image_size = 64, .coordinate_size = 32});
  CHECK(landmarks.valid == std::vector<uint8_t>{0, 1});
  CHECK(landmarks.points[0] == 0.0f);
  CHECK(landmarks.points[1] == 4.0f);
  CHECK(landmarks.points[2] == 0.0f);
  const auto without = folder.write("b.csv", "image" + point_columns() + "\ntrain_1.jpg" +
                                                 points(0) + "\ntrain_2.jpg" + points(0));
  CHECK(read_landmarks(without, kTwo, {}).valid == std::vector<uint8_t>{1, 1});
}

TEST_CASE("landmarks: what is wrong with a .csv is named by line and column") {
  const TemporaryFolder folder;
  const std::string header = "image" + point_columns() + ",ok\n";
  const std::string first = "train_1.jpg" + points(0) + ",1\n",
                    second = "train_2.jpg" + points(0) + ",1\n";
  struct Case {
    std::string text;
    const char* message;
  };
  const Case cases[] = {
      {"", "it is empty; expected a header"},
      {replaced(header, "image", "images"), "no column 'image'; did you mean 'images'?"},
      {replaced(header, "chin_y", "chin_v"), "no column 'chin_y'; did you mean"},
      {header + first, "no row for train_2.jpg (1 of the 2 faces have none)"},
      {header, "no row for train_1.jpg (2 of the 2 faces have none)"},
      {header + first + second + first, "a.csv:4: a second row for train_1.jpg"},
      {header + first + "train_2.jpg,1,2\n", "a.csv:3: 3 fields; the header has 40"},
      {header + first + replaced(second, ",1\n", ",yes\n"),
       "a.csv:3: ok is 'yes'; expected 0 or 1"},
      {header + first + replaced(second, ",0,1,", ",x,1,"), "a.csv:3: brow_l_outer_x is 'x'"},
      {header + first + replaced(second, ",0,1,", ",0px,1,"), "brow_l_outer_x is '0px'"},
      {header + first + replaced(second, ",0,1,", ",,1,"), "brow_l_outer_x is ''"},
      {header + first + replaced(second, ",37,", ",nan,"), "a.csv:3: chin_y is 'nan'"},
      {header + first + replaced(second, ",37,", ",inf,"), "chin_y is 'inf'"},
      {header + first + replaced(second, ",37,", ",1e9,"), "expected a coordinate in pixels"},
  };
  for (const Case& c : cases) {
    const auto path = folder.write("a.csv", c.text);
    const auto message = input_error([&] { read_landmarks(path, kTwo, {}); });
    CAPTURE(message);
    CHECK(is_line_with(message, c.message));
  }
}

TEST_CASE("landmarks: files that do not fit the faces or the model are refused") {
  const TemporaryFolder folder;
  auto message = [](const std::filesystem::path& path, std::span<const std::string> names,
                    int num_landmarks = kNumLandmarks) {
    return input_error([&] { read_landmarks(path, names, {.num_landmarks = num_landmarks}); });
  };
  CHECK(is_line_with(message(kData / "points.tensor", kTwo),
                     "points.tensor: 3 rows of landmarks; the list has 2 training faces"));
  CHECK(
      is_line_with(message(kData / "flat_f8.npy", kThree), "2 rows of landmarks; the list has 3"));
  CHECK(is_line_with(message(kData / "points.tensor", kThree, 5),
                     "19 landmarks a face; the model has 5"));
  CHECK(is_line_with(message(kData / "vector_i4.npy", kThree),
                     "an array of shape [3]; expected [faces, landmarks, 2] or [faces, 2 *"));
  CHECK(is_line_with(message(kData / "int16.pth", kTwo), "holds torch.ShortStorage"));
  CHECK(is_line_with(message(kData / "views.pth", kTwo), "it holds 7 tensors; expected one"));
  CHECK(is_line_with(message(folder.path() / "absent.csv", kTwo), "there is no such file"));
  CHECK(is_line_with(message(folder.write("a.mat", "x"), kTwo), "a file of kind '.mat'; expected"));
  std::vector<float> values(2 * 38, 1.0f);
  values[38 + 5] = std::numeric_limits<float>::quiet_NaN();
  CHECK(is_line_with(message(folder.write("a.npy", npy("(2, 19, 2)", values)), kTwo),
                     "row 1 (train_2.jpg), landmark 2: nan; expected a coordinate in pixels"));
}

}  // namespace lanet::test
