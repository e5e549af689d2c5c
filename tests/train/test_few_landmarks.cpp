// Training with the landmarks of other schemes.
#include <doctest/doctest.h>

#include <cmath>

#include "core/files/file.h"
#include "data/csv.h"
#include "tests/input_error.h"
#include "tests/train/small_training.h"

namespace lanet::test {
namespace {

/// The drawn faces' landmarks as a table of other columns: `columns` says which of the 19 points
/// each new point is.
std::string write_scheme(const std::string& name,
                         const std::vector<std::pair<std::string, std::string>>& columns) {
  const CsvTable table = read_csv(drawn_faces() / "landmarks_19.csv");
  std::string text = "image";
  for (const auto& [to, from] : columns) text += fmt::format(",{}", to);
  for (const auto& row : table.rows) {
    text += "\n" + row[static_cast<size_t>(table.column("image"))];
    for (const auto& [to, from] : columns)
      text += "," + row[static_cast<size_t>(table.column(from))];
  }
  write_text(drawn_faces() / name, text + "\n");
  return name;
}

std::string write_five() {
  std::vector<std::pair<std::string, std::string>> columns;
  const std::pair<const char*, const char*> points[] = {{"left_eye", "eye_l_center"},
                                                        {"right_eye", "eye_r_center"},
                                                        {"nose", "nose_tip"},
                                                        {"mouth_left", "mouth_left"},
                                                        {"mouth_right", "mouth_right"}};
  for (const auto& [to, from] : points)
    for (const char* axis : {"x", "y"})
      columns.emplace_back(fmt::format("{}_{}", to, axis), fmt::format("{}_{}", from, axis));
  return write_scheme("landmarks_5.csv", columns);
}

/// 98 points of which those that the 19 are made of lie where these do.
std::string write_98() {
  std::vector<std::string> of(98, "chin");
  const std::pair<int, const char*> points[] = {
      {33, "brow_l_outer"}, {35, "brow_l_mid"},   {37, "brow_l_inner"}, {42, "brow_r_inner"},
      {44, "brow_r_mid"},   {46, "brow_r_outer"}, {60, "eye_l_outer"},  {62, "eye_l_center"},
      {66, "eye_l_center"}, {64, "eye_l_inner"},  {68, "eye_r_inner"},  {70, "eye_r_center"},
      {74, "eye_r_center"}, {72, "eye_r_outer"},  {55, "nose_left"},    {54, "nose_tip"},
      {59, "nose_right"},   {76, "mouth_left"},   {90, "mouth_center"}, {94, "mouth_center"},
      {82, "mouth_right"},  {16, "chin"}};
  for (const auto& [point, name] : points) of[static_cast<size_t>(point)] = name;
  std::vector<std::pair<std::string, std::string>> columns;
  for (const char* axis : {"x", "y"})
    for (size_t i = 0; i < of.size(); ++i)
      columns.emplace_back(fmt::format("{}_{}", axis, i), fmt::format("{}_{}", of[i], axis));
  return write_scheme("landmarks_98.csv", columns);
}

Faces load(Context& context, const Config& config) {
  return load_faces(context, config, Split::train, true, [](const std::string&) {}, {});
}

}  // namespace

TEST_CASE("few landmarks: LA-Net and the recipe robust train with 5") {
  for (const std::string method : {"lanet", "robust"}) {
    CAPTURE(method);
    Config config = small_config(method);
    config.data.landmarks = write_five();
    Session session(config);
    CHECK(session.trainer->training_faces().num_landmarks() == 5);
    CHECK(session.trainer->training_faces().landmarks.size() == 10 * kTrain);
    const EpochResult result = session.trainer->run_epoch().value();
    CHECK(std::isfinite(result.losses.at("total")));
    if (method != "lanet") continue;
    CHECK(result.losses.at("landmark") > 0);
    const NamedArrays checkpoint = read_tensors(session.trainer->checkpoint(true));
    CHECK(checkpoint.arrays.at("f_q.lm_fc.weight").shape[0] == 5);
    Session other(small_config(method));  // with 19
    CHECK(is_line_with(input_error([&] { other.trainer->load(checkpoint, "five"); }), "lm_fc"));
  }
}

TEST_CASE("few landmarks: 98 points in the same places are the 19, to the bit") {
  Context context;
  Config config = small_config();
  const Faces faces = load(context, config);
  config.data.landmarks = write_98();
  CHECK(load(context, config).landmarks == faces.landmarks);
}

TEST_CASE("few landmarks: coordinates of the picture equal those of a square of its side") {
  Context context;
  Config config = small_config();
  const Faces faces = load(context, config);
  config.data.landmark_coordinates = LandmarkCoordinates::picture;
  config.data.landmark_size = 1;  // not looked at
  CHECK(load(context, config).landmarks == faces.landmarks);
}

TEST_CASE("few landmarks: more missing rows than data.landmarks_missing are refused") {
  std::string text = read_text(drawn_faces() / "landmarks_19.csv");
  for (const char* name : {"train_00002", "train_00009", "train_00011", "train_00030"}) {
    const size_t row = text.find(name);
    text.erase(row, text.find('\n', row) + 1 - row);
  }
  write_text(drawn_faces() / "fewer.csv", text);
  Context context;
  Config config = small_config();
  config.data.landmarks = "fewer.csv";
  CHECK(is_line_with(input_error([&] { load(context, config); }),
                     "fewer.csv: 4 of 36 faces have no usable landmarks (4 without a row): "
                     "train_00002.jpg, train_00009.jpg, train_00011.jpg, …; expected at most a "
                     "share of 0.1 (data.landmarks_missing)"));
  config.data.landmarks_missing = 0.12;
  std::vector<std::string> messages;
  const Faces faces = load_faces(context, config, Split::train, true,
                                 [&](const std::string& line) { messages.push_back(line); }, {});
  CHECK(std::count(faces.valid.begin(), faces.valid.end(), 0) == 4);
  CHECK(faces.valid[1] == 0);
  REQUIRE(messages.size() == 1);
  CHECK(is_line_with(messages[0], "4 of 36 faces have no usable landmarks"));
}

TEST_CASE("few landmarks: a skipped picture takes its landmarks along") {
  TemporaryFolder folder;
  const auto root = folder.path() / "faces";
  std::filesystem::copy(drawn_faces(), root, std::filesystem::copy_options::recursive);
  Context context;
  Config config = small_config();
  const Faces all = load(context, config);
  write_text(root / "basic/Image/aligned/train_00003_aligned.jpg", "damaged");
  config.data.root = root.string();
  config.data.landmark_coordinates = LandmarkCoordinates::picture;
  config.data.skip_bad_images = true;
  const Faces faces = load(context, config);
  REQUIRE(faces.size() == kTrain - 1);
  CHECK(faces.set.sizes.size() == kTrain - 1);
  CHECK(faces.valid.size() == kTrain - 1);
  for (size_t i = 0; i < faces.landmarks.size(); ++i)
    CHECK(faces.landmarks[i] == all.landmarks[i < 76 ? i : i + 38]);
}

}  // namespace lanet::test
