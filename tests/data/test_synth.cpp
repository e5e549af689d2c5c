#include <doctest/doctest.h>
#include <omp.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "core/error.h"
#include "core/files/file.h"
#include "data/synth/draw.h"
#include "data/synth/synth.h"
#include "tests/temporary_folder.h"

namespace lanet::test {
namespace {

namespace fs = std::filesystem;
using namespace lanet::synth;

std::pair<Face, Drawing> draw(uint64_t seed, uint32_t split, uint32_t index, int size = 64) {
  Dice dice(seed, split, index);
  const Face face = draw_face_parameters(dice);
  return {face, draw_face(face, dice, size)};
}

/// Every file of a folder and its content.
std::map<std::string, std::string> contents(const fs::path& root) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(root))
    if (entry.is_regular_file())
      files[fs::relative(entry.path(), root).string()] = read_text(entry.path());
  return files;
}

std::vector<std::vector<std::string>> read_csv(const fs::path& path) {
  std::vector<std::vector<std::string>> rows;
  std::istringstream file(read_text(path));
  for (std::string line; std::getline(file, line);) {
    rows.emplace_back();
    std::istringstream fields(line);
    for (std::string field; std::getline(fields, field, ',');) rows.back().push_back(field);
  }
  return rows;
}

}  // namespace

TEST_CASE("synth: a filled path covers exactly its area, cut to the canvas") {
  const auto area = [](const Path& path) {
    const Mask mask(path, 40);
    double sum = 0;
    for (int y = 0; y < 40; ++y)
      for (int x = 0; x < 40; ++x) sum += mask.at(x, y);
    return sum;
  };
  const Path slanted{{3.3f, 4.1f}, {30.2f, 9.7f}, {21.6f, 33.9f}};
  const Path reversed{slanted.rbegin(), slanted.rend()};
  const double exact = 0.5 * (26.9 * 29.8 - 5.6 * 18.3);
  CHECK(area(slanted) == doctest::Approx(exact).epsilon(1e-4));
  CHECK(area(reversed) == doctest::Approx(exact).epsilon(1e-4));
  CHECK(area({{-10, -10}, {10.5f, -10}, {10.5f, 20.25f}, {-10, 20.25f}}) ==
        doctest::Approx(10.5 * 20.25).epsilon(1e-5));
  CHECK(area({{50, 50}, {60, 50}, {60, 60}}) == 0);
  CHECK(area(stroke({{10, 20}, {30, 20}}, 4)) == doctest::Approx(80 + 3.1416 * 4).epsilon(0.02));
}

TEST_CASE("synth: a face depends on seed, split and index alone") {
  const auto rgb = [](uint64_t seed, uint32_t split, uint32_t index) {
    return draw(seed, split, index).second.image.rgb;
  };
  const auto first = rgb(1, 0, 5);
  CHECK(rgb(1, 0, 5) == first);
  CHECK(rgb(2, 0, 5) != first);
  CHECK(rgb(1, 1, 5) != first);
  CHECK(rgb(1, 0, 6) != first);
}

TEST_CASE("synth: landmarks lie in the picture and in the order of a face") {
  constexpr int kSize = 48;
  for (uint32_t i = 0; i < 200; ++i) {
    CAPTURE(i);
    const auto p = draw(3, 0, i, kSize).second.landmarks;
    for (const Vec2 point : p) {
      CHECK((point.x > 0 && point.x < kSize));
      CHECK((point.y > 0 && point.y < kSize));
    }
    for (const auto& row :
         {std::vector{brow_l_outer, brow_l_mid, brow_l_inner, brow_r_inner, brow_r_mid,
                      brow_r_outer},
          {eye_l_outer, eye_l_center, eye_l_inner, eye_r_inner, eye_r_center, eye_r_outer},
          {nose_left, nose_tip, nose_right},
          {mouth_left, mouth_center, mouth_right}})
      for (size_t k = 1; k < row.size(); ++k) CHECK(p[row[k - 1]].x < p[row[k]].x);
    for (const auto& column : {std::vector{brow_l_mid, eye_l_center, mouth_left, chin},
                               {brow_r_mid, eye_r_center, mouth_right, chin},
                               {brow_l_inner, eye_l_inner, nose_tip, mouth_center, chin}})
      for (size_t k = 1; k < column.size(); ++k) CHECK(p[column[k - 1]].y < p[column[k]].y);
  }
}

TEST_CASE("synth: landmarks are proportional to the picture's size") {
  const auto small = draw(4, 0, 7, 50).second.landmarks,
             large = draw(4, 0, 7, 200).second.landmarks;
  for (int k = 0; k < kNumLandmarks; ++k) {
    CHECK(large[k].x == doctest::Approx(4 * small[k].x).epsilon(1e-4));
    CHECK(large[k].y == doctest::Approx(4 * small[k].y).epsilon(1e-4));
  }
}

TEST_CASE("synth: the label is the most probable class, classes come in their shares") {
  constexpr int kFaces = 20000;
  std::array<int, kNumExpressions> count{};
  int doubtful = 0;
  for (int i = 0; i < kFaces; ++i) {
    Dice dice(5, 0, i);
    const Mood mood = draw_mood(dice);
    ++count[mood.label];
    float sum = 0, second = 0;
    for (int c = 0; c < kNumExpressions; ++c) {
      sum += mood.distribution[c];
      CHECK(mood.distribution[c] > 0);
      if (c != mood.label) second = std::max(second, mood.distribution[c]);
    }
    CHECK(sum == doctest::Approx(1).epsilon(1e-5));
    CHECK(second < mood.distribution[mood.label]);
    doubtful += second > 0.15f;
  }
  for (int c = 0; c < kNumExpressions; ++c)
    CHECK(count[c] == doctest::Approx(kFaces * kExpressionShares[c]).epsilon(0.1));
  CHECK(doubtful > kFaces / 5);
  CHECK(doubtful < kFaces / 2);
}

TEST_CASE("synth: expressions move the landmarks as faces do") {
  // Means over many faces, in units of the picture's side.
  std::array<std::array<double, 4>, kNumExpressions> mean{};
  std::array<int, kNumExpressions> count{};
  for (uint32_t i = 0; i < 1500; ++i) {
    const auto [face, drawing] = draw(6, 0, i, 48);
    const auto& p = drawing.landmarks;
    const double eye = p[eye_l_inner].y + p[eye_r_inner].y;
    const double inner = eye - p[brow_l_inner].y - p[brow_r_inner].y;
    const double corners = 2 * p[mouth_center].y - p[mouth_left].y - p[mouth_right].y;
    const double jaw = p[chin].y - p[nose_tip].y, width = p[mouth_right].x - p[mouth_left].x;
    auto& m = mean[face.label];
    for (int k = 0; k < 4; ++k) m[k] += std::array{inner, corners, jaw, width}[k] / 48;
    ++count[face.label];
  }
  for (int c = 0; c < kNumExpressions; ++c)
    for (double& v : mean[c]) v /= count[c];
  enum { inner_brow, corners_up, jaw_open, mouth_wide };
  CHECK(mean[anger][inner_brow] < mean[neutral][inner_brow] - 0.02);
  CHECK(mean[fear][inner_brow] > mean[neutral][inner_brow] + 0.02);
  CHECK(mean[sadness][inner_brow] > mean[neutral][inner_brow] + 0.01);
  CHECK(mean[happiness][corners_up] > mean[neutral][corners_up] + 0.02);
  CHECK(mean[sadness][corners_up] < mean[neutral][corners_up] - 0.02);
  CHECK(mean[surprise][jaw_open] > mean[neutral][jaw_open] + 0.005);
  CHECK(mean[happiness][mouth_wide] > mean[surprise][mouth_wide] + 0.02);
}

TEST_CASE("synth: the folder is complete and the same for any number of threads") {
  const TemporaryFolder one, two;
  SynthConfig config{.out = one.path(), .train = 30, .test = 11, .size = 48, .seed = 9};
  const int threads = omp_get_max_threads();
  omp_set_num_threads(1);
  std::vector<int> reports;
  write_synth(config, [&](int done, int total) {
    CHECK(total == 41);
    reports.push_back(done);
  });
  omp_set_num_threads(3);
  config.out = two.path();
  write_synth(config);
  omp_set_num_threads(threads);
  const auto files = contents(one.path());
  CHECK(files == contents(two.path()));
  CHECK(files.size() == 30 + 11 + 4);
  CHECK(reports == std::vector{41});

  constexpr std::array<int, 8> kClassOfLabel{-1, 5, 2, 1, 3, 4, 0, 6};
  std::istringstream list(files.at("basic/EmoLabel/list_patition_label.txt"));
  const auto landmarks = read_csv(one.path() / "landmarks_19.csv"),
             distributions = read_csv(one.path() / "distributions.csv");
  REQUIRE(landmarks.size() == 42);
  REQUIRE(distributions.size() == 42);
  CHECK(landmarks[0].size() == 40);
  CHECK(landmarks[0][0] == "image");
  CHECK(landmarks[0][1] == "brow_l_outer_x");
  CHECK(landmarks[0][38] == "chin_y");
  CHECK(landmarks[0][39] == "ok");
  CHECK(distributions[0] == std::vector<std::string>{"image", "anger", "disgust", "fear",
                                                     "happiness", "sadness", "surprise",
                                                     "neutral"});
  std::string name;
  size_t row = 1;
  for (int label; list >> name >> label; ++row) {
    CAPTURE(name);
    REQUIRE(row < 42);
    const std::string split = row <= 30 ? "train" : "test";
    const uint32_t index = static_cast<uint32_t>(row <= 30 ? row - 1 : row - 31);
    CHECK(name == fmt::format("{}_{:05}.jpg", split, index + 1));
    REQUIRE((label >= 1 && label <= 7));
    const auto [face, drawing] = draw(9, row <= 30 ? 0 : 1, index, 48);
    CHECK(kClassOfLabel[label] == face.label);
    REQUIRE(landmarks[row].size() == 40);
    CHECK(landmarks[row][0] == name);
    CHECK(landmarks[row][39] == "1");
    for (int k = 0; k < kNumLandmarks; ++k) {
      CHECK(std::abs(std::stof(landmarks[row][1 + 2 * k]) - drawing.landmarks[k].x) < 0.0051f);
      CHECK(std::abs(std::stof(landmarks[row][2 + 2 * k]) - drawing.landmarks[k].y) < 0.0051f);
    }
    REQUIRE(distributions[row].size() == 8);
    CHECK(distributions[row][0] == name);
    float sum = 0;
    for (int c = 0; c < kNumExpressions; ++c) {
      const float p = std::stof(distributions[row][1 + c]);
      sum += p;
      CHECK(std::abs(p - face.distribution[c]) < 1e-6f);
    }
    CHECK(sum == doctest::Approx(1).epsilon(1e-5));
    // The JPEG differs from the drawing by its loss only.
    const HostImage picture = decode_image(one.path() / "basic/Image/aligned" /
                                           (name.substr(0, name.size() - 4) + "_aligned.jpg"));
    REQUIRE(picture.width == 48);
    REQUIRE(picture.height == 48);
    double difference = 0;
    for (size_t i = 0; i < picture.rgb.size(); ++i)
      difference += std::abs(picture.rgb[i] - drawing.image.rgb[i]);
    CHECK(difference / static_cast<double>(picture.rgb.size()) < 6);
  }
  CHECK(row == 42);
  const HostImage sheet = decode_image(one.path() / "contact_sheet.png");
  CHECK(sheet.width == 480);
  CHECK(sheet.height == 7 * 48);
}

TEST_CASE("synth: what cannot be written is refused by name") {
  const TemporaryFolder folder;
  const fs::path out = folder.path() / "faces";
  const auto refused = [&](int train, int test, int size, const char* message) {
    CHECK_THROWS_WITH_AS(write_synth({.out = out, .train = train, .test = test, .size = size}),
                         doctest::Contains(message), InputError);
  };
  refused(1, 1, 47, "--size 47: expected 48..512");
  refused(1, 1, 513, "the nearest valid size is 512");
  refused(-1, 1, 100, "--train -1");
  refused(0, 0, 100, "at least one face");
  CHECK(!fs::exists(out));
  fs::create_directories(out);
  std::ofstream(out / "keep.txt") << "mine";
  refused(1, 1, 100, "exists and is not an empty folder");
  CHECK(contents(out).size() == 1);
  fs::remove(out / "keep.txt");
  write_synth({.out = out, .train = 1, .test = 0, .size = 48});
  CHECK(fs::exists(out / "basic/Image/aligned/train_00001_aligned.jpg"));
}

}  // namespace lanet::test
