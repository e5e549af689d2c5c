#include <doctest/doctest.h>

#include "core/files/file.h"
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
/// Read, and placed in pictures of 64 pixels where the side of the file's square is given.
Landmarks placed(const std::filesystem::path& path, std::span<const std::string> names,
                 double square = 64) {
  Landmarks landmarks = read_landmarks(path, names);
  place_landmarks(landmarks, {.square = square, .image_size = 64});
  return landmarks;
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
  const Landmarks landmarks = read_landmarks(kData / "points.tensor", kThree);
  CHECK(landmarks.num_landmarks == 19);
  CHECK(landmarks.valid() == std::vector<uint8_t>{1, 1, 1});
  REQUIRE(landmarks.points.size() == 3 * 19 * 2);
  for (size_t i = 0; i < landmarks.points.size(); ++i)
    CHECK(landmarks.points[i] == 0.5f * static_cast<float>(i));
}

TEST_CASE("landmarks: coordinates are scaled to the picture's size where theirs is given") {
  const Landmarks landmarks = placed(kData / "points.tensor", kThree, 256);
  CHECK(landmarks.points[8] == 1.0f);
  CHECK(landmarks.points[113] == 14.125f);
}

TEST_CASE("landmarks: an .npy file has [N, L, 2] or [N, 2·L]") {
  CHECK(read_landmarks(kData / "points_f4.npy", kTwo).points[75] == 37.5f);
  const Landmarks flat = read_landmarks(kData / "flat_f8.npy", kTwo);
  CHECK(flat.num_landmarks == 19);
  CHECK(flat.points[75] == 75.0f);
  const TemporaryFolder folder;
  const auto five = folder.write("five.npy", npy("(1, 10)", {1, 1, 3, 1, 2, 2, 1, 3, 3, 3}));
  const Landmarks few = read_landmarks(five, {kTwo.data(), 1});
  CHECK(few.num_landmarks == 5);
  CHECK(few.points == std::vector<float>{1, 1, 3, 1, 2, 2, 1, 3, 3, 3});
}

TEST_CASE("landmarks: a .csv is matched by picture and column name, whatever their order") {
  const TemporaryFolder folder;
  std::string header = "view," + point_columns().substr(1) + ",ok,image";
  header = replaced(header, "brow_l_outer_x,brow_l_outer_y", "brow_l_outer_y,brow_l_outer_x");
  const auto path =
      folder.write("a.csv", "\xEF\xBB\xBF" + header + "\r\n" + "side" + points(100) +
                                ",1,train_2.jpg\r\n" + "front" + points(200) + ",1,test_1.jpg\r\n" +
                                "front" + points(0) + ",1, train_1.jpg\r\n\r\n");
  const Landmarks landmarks = read_landmarks(path, kTwo);
  CHECK(landmarks.valid() == std::vector<uint8_t>{1, 1});
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
  const Landmarks landmarks = placed(path, kTwo, 32);
  CHECK(landmarks.valid() == std::vector<uint8_t>{0, 1});
  CHECK(landmarks.points[0] == 0.0f);
  CHECK(landmarks.points[1] == 4.0f);
  CHECK(landmarks.points[2] == 0.0f);
  const auto without = folder.write("b.csv", "image" + point_columns() + "\ntrain_1.jpg" +
                                                 points(0) + "\ntrain_2.jpg" + points(0));
  CHECK(read_landmarks(without, kTwo).valid() == std::vector<uint8_t>{1, 1});
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
      {"image,ok\ntrain_1.jpg,1\n", "its header has no landmarks; expected columns brow_l_outer_x"},
      {header + first + "train_2.jpg,1,2\n", "a.csv:3: 3 fields; the header has 40"},
      {header + first + replaced(second, ",1\n", ",yes\n"),
       "a.csv:3: ok is 'yes'; expected 0 or 1"},
      {header + first + replaced(second, ",0,1,", ",x,1,"), "a.csv:3: brow_l_outer_x is 'x'"},
      {header + first + replaced(second, ",0,1,", ",0px,1,"), "brow_l_outer_x is '0px'"},
      {header + first + replaced(second, ",0,1,", ",,1,"), "brow_l_outer_x is ''"},
      {header + first + replaced(second, ",37,", ",nan,"), "a.csv:3: chin_y is 'nan'"},
      {header + first + replaced(second, ",37,", ",inf,"), "chin_y is 'inf'"},
      {header + first + replaced(second, ",37,", ",1e9,"), "expected a coordinate"},
  };
  for (const Case& c : cases) {
    const auto path = folder.write("a.csv", c.text);
    const auto message = input_error([&] { read_landmarks(path, kTwo); });
    CAPTURE(message);
    CHECK(is_line_with(message, c.message));
  }
}

TEST_CASE("landmarks: files that do not fit the faces or any scheme are refused") {
  const TemporaryFolder folder;
  auto message = [](const std::filesystem::path& path, std::span<const std::string> names) {
    return input_error([&] { read_landmarks(path, names); });
  };
  CHECK(is_line_with(message(kData / "points.tensor", kTwo),
                     "points.tensor: 3 rows of landmarks; expected 2, one for each face"));
  CHECK(is_line_with(message(kData / "flat_f8.npy", kThree),
                     "2 rows of landmarks; expected 3, one for each face"));
  CHECK(is_line_with(
      message(folder.write("six.npy", npy("(2, 12)", std::vector<float>(24, 1.0f))), kTwo),
      "6 landmarks per face; expected 5 (RetinaFace, MTCNN), 19, 68 (dlib, OpenFace), 98 (WFLW), "
      "468"));
  CHECK(is_line_with(message(kData / "vector_i4.npy", kThree),
                     "an array of shape [3]; expected [faces, landmarks, 2] or [faces, 2 *"));
  CHECK(is_line_with(message(kData / "int16.pth", kTwo), "holds torch.ShortStorage"));
  CHECK(is_line_with(message(kData / "views.pth", kTwo), "it holds 7 tensors; expected one"));
  CHECK(is_line_with(message(folder.path() / "absent.csv", kTwo), "there is no such file"));
  CHECK(is_line_with(message(folder.write("a.mat", "x"), kTwo),
                     "a.mat: unsupported landmark file type '.mat'; expected .tensor"));
  CHECK(is_line_with(
      message(folder.write("one.npy", npy("(1, 10)", std::vector<float>(10, 1.0f))), kTwo),
      "one.npy: 1 row of landmarks; expected 2, one for each face"));
  std::vector<float> values(2 * 38, 1.0f);
  values[38 + 5] = std::numeric_limits<float>::quiet_NaN();
  CHECK(is_line_with(message(folder.write("a.npy", npy("(2, 19, 2)", values)), kTwo),
                     "row 1 (train_2.jpg), landmark 2: nan; expected a coordinate"));
}

TEST_CASE(
    "landmarks: rows that are missing, not found, several or outside are counted and masked") {
  const TemporaryFolder folder;
  const std::vector<std::string> names = {"a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg"};
  std::string zeros, far;
  for (int i = 0; i < 2 * kNumLandmarks; ++i) zeros += ",0", far += fmt::format(",{}", 100 + i);
  const std::string text = "image" + point_columns() + "\na.jpg" + points(0) + "\nb.jpg" + zeros +
                           "\nc.jpg" + points(0) + "\nc.jpg" + points(1) + "\ne.jpg" + far + "\n";
  const Landmarks landmarks = placed(folder.write("a.csv", text), names);
  CHECK(landmarks.states ==
        std::vector<LandmarkState>{LandmarkState::good, LandmarkState::not_found,
                                   LandmarkState::several, LandmarkState::no_row,
                                   LandmarkState::outside});
  CHECK(landmarks.valid() == std::vector<uint8_t>{1, 0, 0, 0, 0});
  CHECK(landmarks.points.size() == 5 * 38);
  const std::string line =
      "a.csv: 4 of 5 faces have no usable landmarks (1 without a row, 1 not found by the detector, "
      "1 with several rows, 1 outside the picture): b.jpg, c.jpg, d.jpg, …";
  CHECK(check_landmarks(landmarks, names, "a.csv", 0.8) == line);
  CHECK(input_error([&] { check_landmarks(landmarks, names, "a.csv", 0.79); }) ==
        line + "; expected at most a share of 0.79 (data.landmarks_missing)");
  const Landmarks good = placed(kData / "points.tensor", kThree, 256);
  CHECK(check_landmarks(good, kThree, "points.tensor", 0).empty());
}

TEST_CASE("landmarks: where most are outside, the message asks about their coordinates") {
  const Landmarks landmarks = placed(kData / "points.tensor", kThree, 10);
  CHECK(is_line_with(
      input_error([&] { check_landmarks(landmarks, kThree, "points.tensor", 0.1); }),
      "2 of 3 faces have no usable landmarks (2 outside the picture): train_2.jpg, train_3.jpg; "
      "expected at most a share of 0.1 (data.landmarks_missing); are data.landmark_coordinates"));
}

TEST_CASE("landmarks: a face lies outside when more than half of its points do") {
  const TemporaryFolder folder;
  const std::vector<std::string> names = {"a", "b"};
  const auto path = folder.write("a.npy", npy("(2, 10)", {-1, 9, 70, 9, 5, 5,  3, 8, 7, 8,  //
                                                          -1, 9, 70, 9, 5, -5, 3, 8, 7, 8}));
  CHECK(placed(path, names).valid() == std::vector<uint8_t>{1, 0});
}

TEST_CASE("landmarks: coordinates of the picture and shares of it follow its width and height") {
  const TemporaryFolder folder;
  const auto path = folder.write("a.npy", npy("(1, 10)", {0, 0.5, 1, 0.5, 0.5, 1, 0, 1, 1, 1}));
  Landmarks landmarks = read_landmarks(path, {kTwo.data(), 1});
  Landmarks shares = landmarks;
  const std::vector<PictureSize> sizes = {{4, 2}};
  place_landmarks(landmarks,
                  {.coordinates = LandmarkCoordinates::picture, .sizes = sizes, .image_size = 64});
  CHECK(landmarks.points == std::vector<float>{0, 16, 16, 16, 8, 32, 0, 32, 16, 32});
  place_landmarks(shares, {.coordinates = LandmarkCoordinates::share, .image_size = 64});
  CHECK(shares.points == std::vector<float>{0, 32, 64, 32, 32, 64, 0, 64, 64, 64});
}

TEST_CASE("landmarks: a .csv of numbered points, with success, as OpenFace writes it") {
  const TemporaryFolder folder;
  std::string header = "image, confidence, success", first = "train_1.jpg, 0.98, 1",
              second = "train_2.jpg, 0.02, 0";
  for (const char* axis : {"x", "y", "X"})  // X is in millimetres
    for (int i = 0; i < 68; ++i) {
      header += fmt::format(", {}_{}", axis, i);
      first += fmt::format(", {}", axis[0] == 'y' ? 200 + i : axis[0] == 'x' ? i : -1);
      second += ", 0";
    }
  const auto path = folder.write("a.csv", header + "\n" + first + "\n" + second + "\n");
  const Landmarks landmarks = read_landmarks(path, kTwo);
  CHECK(landmarks.num_landmarks == 19);
  CHECK(landmarks.states ==
        std::vector<LandmarkState>{LandmarkState::good, LandmarkState::not_found});
  CHECK(landmarks.points[0] == 17.0f);  // the outer end of the brow
  CHECK(landmarks.points[1] == 217.0f);
  CHECK(landmarks.points[37] == 208.0f);  // the chin
}

TEST_CASE("landmarks: a gap in numbered points is refused, not read as a smaller scheme") {
  const TemporaryFolder folder;
  /// A header of 68 points without one of its columns, and a row for it.
  auto message = [&](const std::string& missing) {
    std::string header = "image", row = "\ntrain_1.jpg";
    for (const char axis : {'x', 'y'})
      for (int i = 0; i < 68; ++i) {
        const std::string name = fmt::format("{}_{}", axis, i);
        if (name == missing) continue;
        header += "," + name;
        row += fmt::format(",{}", i);
      }
    const auto path = folder.write("a.csv", header + row + "\n");
    return input_error([&] { read_landmarks(path, {kTwo.data(), 1}); });
  };
  CHECK(message("") == "");
  for (const char* name : {"x_0", "y_0", "x_5", "y_5", "x_19", "x_67", "y_67"}) {
    CAPTURE(name);
    CHECK(is_line_with(message(name), fmt::format("a.csv: its header has no column '{}'", name)));
  }
}

TEST_CASE("landmarks: the case of a file's extension does not matter") {
  const TemporaryFolder folder;
  const std::string face = "[[1, 1], [3, 1], [2, 2], [1, 3], [3, 3]]";
  const std::vector<float> values = {1, 1, 3, 1, 2, 2, 1, 3, 3, 3};
  for (const auto& path : {folder.write("a.NPY", npy("(1, 10)", values)),
                           folder.write("a.Json", "{\"train_1.jpg\": " + face + "}"),
                           folder.write("a.CSV",
                                        "image,x_0,y_0,x_1,y_1,x_2,y_2,x_3,y_3,x_4,y_4\n"
                                        "train_1.jpg,1,1,3,1,2,2,1,3,3,3\n")}) {
    CAPTURE(path.string());
    CHECK(read_landmarks(path, {kTwo.data(), 1}).points == values);
  }
}

TEST_CASE("landmarks: 5 points named from the person's side change sides, all or none") {
  const TemporaryFolder folder;
  const std::string header =
      "filename,right_eye_x,right_eye_y,left_eye_x,left_eye_y,nose_x,nose_y,mouth_right_x,"
      "mouth_right_y,mouth_left_x,mouth_left_y\n";
  const std::vector<std::string> names = {"a.jpg", "b.jpg", "c.jpg"};
  const auto path = folder.write("a.csv", header +
                                              "a.jpg,1,2,3,4,5,6,7,8,9,10\n"
                                              "b.jpg,1,2,3,4,5,6,7,8,9,10\n"
                                              "c.jpg,3,2,1,4,5,6,7,8,9,10\n");
  const Landmarks landmarks = read_landmarks(path, names);
  CHECK(landmarks.swapped);
  const std::span points(landmarks.points);
  CHECK(std::vector(points.begin(), points.begin() + 10) ==
        std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  CHECK(points[20] == 3.0f);  // a face on its head is turned like the rest
  const auto ours = folder.write("b.npy", npy("(1, 10)", {1, 1, 3, 1, 2, 2, 1, 3, 3, 3}));
  CHECK_FALSE(read_landmarks(ours, {kTwo.data(), 1}).swapped);
}

TEST_CASE("landmarks: pictures are found without folder, extension and _aligned unless ambiguous") {
  const TemporaryFolder folder;
  const std::string header = "image" + point_columns() + "\n";
  const auto path =
      folder.write("a.csv", header + "aligned/train_1_aligned.png" + points(1) + "\nother/x.jpg" +
                                points(2) + "\nmore/x.jpg" + points(3) + "\n");
  const std::vector<std::string> names = {"train_1.jpg", "x.jpg", "more/x.jpg"};
  CHECK(read_landmarks(path, names).states == std::vector<LandmarkState>{LandmarkState::good,
                                                                         LandmarkState::no_row,
                                                                         LandmarkState::good});
  const auto one = folder.write("b.csv", header + "x.jpg" + points(1) + "\n");
  const std::vector<std::string> two = {"happy/x.jpg", "sad/x.jpg"};
  CHECK(read_landmarks(one, two).valid() == std::vector<uint8_t>{0, 0});
}

TEST_CASE("landmarks: a .json holds points, named points, detections or null for each picture") {
  const TemporaryFolder folder;
  const std::string five = "[[1, 1], [3, 1], [2, 2, 0.5], [1, 3], [3, 3]]";
  const std::string named =
      R"({"left_eye": [1, 1], "right_eye": [3, 1], "nose": [2, 2], "mouth_left": [1, 3],
          "mouth_right": [3, 3]})";
  const std::vector<std::string> names = {"a.jpg", "b.jpg", "c.jpg", "d.jpg",
                                          "e.jpg", "f.jpg", "g.jpg"};
  const auto path = folder.write("a.json", fmt::format(R"({{"a.jpg": {0}, "b.jpg": {1},
          "c.jpg": [{{"box": [0, 0, 9, 9], "confidence": 0.9, "keypoints": {1}}}],
          "d.jpg": {{"face_1": {{"score": 0.9, "landmarks": {1}}}}}, "e.jpg": null,
          "f.jpg": [{0}, {0}], "g.jpg": [1, 1, 3, 1, 2, 2, 1, 3, 3, 3]}})",
                                                       five, named));
  const Landmarks landmarks = read_landmarks(path, names);
  CHECK(landmarks.num_landmarks == 5);
  CHECK(landmarks.valid() == std::vector<uint8_t>{1, 1, 1, 1, 0, 0, 1});
  CHECK(landmarks.states[4] == LandmarkState::not_found);
  CHECK(landmarks.states[5] == LandmarkState::several);
  for (size_t n : {0, 1, 2, 3, 6})
    for (size_t i = 0; i < 10; ++i) CHECK(landmarks.points[10 * n + i] == landmarks.points[i]);
  CHECK(landmarks.points[4] == 2.0f);
}

TEST_CASE("landmarks: a .json that is nested too deep is refused before it is taken apart") {
  const TemporaryFolder folder;
  auto message = [&](size_t depth, const std::string& open, const std::string& close) {
    std::string text = "{\"train_1.jpg\": ";
    for (size_t i = 0; i < depth; ++i) text += open;
    text += "1";
    for (size_t i = 0; i < depth; ++i) text += close;
    const auto path = folder.write("a.json", text + "}");
    return input_error([&] { read_landmarks(path, {kTwo.data(), 1}); });
  };
  for (const size_t depth : {size_t{16}, size_t{2'000'000}}) {
    CHECK(is_line_with(message(depth, "[", "]"), "a.json: values are nested more than 16 deep"));
    CHECK(is_line_with(message(depth, "{\"a\":", "}"), "nested more than 16 deep"));
  }
  CHECK(is_line_with(message(15, "[", "]"), "a.json: train_1.jpg: expected a landmark [x, y]"));
}

TEST_CASE("landmarks: what is wrong with a .json is named by picture") {
  const TemporaryFolder folder;
  struct Case {
    const char *text, *message;
  };
  const Case cases[] = {
      {"{\"a\": [NaN]}",
       "a.json: not JSON: line 1, column 8: unexpected 'N' (null stands for what is unknown)"},
      {"{\"a\": [1, 2]", "a.json: not JSON: line 1, column 13: the text ends too early"},
      {R"({"a": null, "b": null, "a": null})",
       "a.json: 'a' occurs twice in one object; expected it once"},
      {R"({"a": {"left_eye": [1, 2], "left_eye": [1, 2]}})", "a.json: 'left_eye' occurs twice"},
      {"[1]", "expected an object with a member for each picture"},
      {R"({"a": 3})", "a.json: a: expected landmarks [[x, y], …], or null"},
      {R"({"a": {"score": 3}})", "a.json: a: 'score' is neither a face nor landmarks"},
      {R"({"a": [[1, 2], [3]]})", "a.json: a: expected a landmark [x, y]"},
      {R"({"a": [[1, "2"]]})", "a.json: a: \"2\"; expected a coordinate"},
      {R"({"a": [1, 2, 3]})", "a.json: a: 3 numbers; expected x and y"},
      {R"({"a": {"left_eye": [1, 2]}})", "a.json: a: there is no point 'right_eye'"},
      {R"({"a": [[1, 2], [3, 4]], "b": [[1, 2]]})", "a.json: b: 1 landmark; the first face has 2"},
      {R"({"a": [[1, 2], [3, 4]]})", "a.json: 2 landmarks per face; expected 5"},
  };
  for (const Case& c : cases) {
    const auto path = folder.write("a.json", c.text);
    const auto message = input_error([&] { read_landmarks(path, kTwo); });
    CAPTURE(message);
    CHECK(is_line_with(message, c.message));
  }
}

}  // namespace lanet::test
