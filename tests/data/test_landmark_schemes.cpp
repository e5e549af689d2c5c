#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "core/error.h"
#include "core/files/file.h"
#include "data/landmark_schemes.h"
#include "tests/files.h"

namespace lanet::test {
namespace {

/// A face of P points, point i at (i, 1000 + i).
std::vector<float> counted(int points) {
  std::vector<float> face;
  for (int i = 0; i < points; ++i) {
    face.push_back(static_cast<float>(i));
    face.push_back(static_cast<float>(1000 + i));
  }
  return face;
}

/// Left and right exchanged in iBUG's 68 points, as its figure numbers them.
int mirrored_68(int point) {
  if (point < 17) return 16 - point;                                 // jaw
  if (point < 27) return 43 - point;                                 // brows
  if (point < 31) return point;                                      // ridge of the nose
  if (point < 36) return 66 - point;                                 // its wings
  if (point < 40 || (point >= 42 && point < 46)) return 81 - point;  // eyes: corners, upper lids
  if (point < 48) return 87 - point;                                 // lower lids
  if (point < 55) return 102 - point;                                // outer edge of the lips
  if (point < 60) return 114 - point;
  return point < 65 ? 124 - point : 132 - point;  // inner edge
}

}  // namespace

TEST_CASE("landmark schemes: known numbers of points, and what they are trained as") {
  for (const int points : {19, 68, 98, 468, 478}) {
    CHECK(is_landmark_scheme(points));
    CHECK(trained_landmarks(points) == 19);
    const std::vector<float> face = to_trained_landmarks(counted(points));
    REQUIRE(face.size() == 38);
    for (size_t l = 0; l < 19; ++l) CHECK(face[2 * l + 1] == 1000 + face[2 * l]);
    std::set<float> different;
    for (size_t l = 0; l < 19; ++l) different.insert(face[2 * l]);
    CHECK(different.size() >= 16);  // means of points may meet
  }
  CHECK(is_landmark_scheme(5));
  CHECK(trained_landmarks(5) == 5);
  for (const int points : {0, 6, 67, 106, 477}) CHECK_FALSE(is_landmark_scheme(points));
  CHECK(to_trained_landmarks(counted(19)) == counted(19));
  CHECK(to_trained_landmarks(counted(5)) == counted(5));
}

TEST_CASE("landmark schemes: of 68 points, a mirrored face gives the mirrored 19") {
  std::vector<float> face(2 * 68), mirrored(2 * 68);
  for (int i = 0; i < 68; ++i) {
    face[2 * static_cast<size_t>(i)] = static_cast<float>(i * i);
    mirrored[2 * static_cast<size_t>(mirrored_68(i))] = static_cast<float>(i * i);
  }
  const std::vector<float> a = to_trained_landmarks(face), b = to_trained_landmarks(mirrored);
  const auto flip = flip_permutation(19);
  for (size_t l = 0; l < 19; ++l) CHECK(b[2 * l] == a[2 * static_cast<size_t>(flip[l])]);
}

TEST_CASE("landmark schemes: 98 points and 68 that lie on the same places give the same corners") {
  // The points that both schemes have, by the figures of both: brows, nose, eyes, mouth.
  std::vector<std::pair<int, int>> same;
  for (int i = 0; i < 17; ++i) same.emplace_back(i, 2 * i);
  for (int i = 0; i < 5; ++i) same.emplace_back(17 + i, 33 + i);
  for (int i = 0; i < 5; ++i) same.emplace_back(22 + i, 42 + i);
  for (int i = 0; i < 9; ++i) same.emplace_back(27 + i, 51 + i);
  for (const int eye : {0, 1}) {
    const int at[] = {0, 1, 3, 4, 5, 7};
    for (int i = 0; i < 6; ++i) same.emplace_back(36 + 6 * eye + i, 60 + 8 * eye + at[i]);
  }
  for (int i = 0; i < 20; ++i) same.emplace_back(48 + i, 76 + i);
  std::vector<float> few(2 * 68), many(2 * 98);
  for (const auto& [from, to] : same)
    few[2 * static_cast<size_t>(from)] = many[2 * static_cast<size_t>(to)] =
        static_cast<float>(1 + from * from);
  const std::vector<float> a = to_trained_landmarks(few), b = to_trained_landmarks(many);
  for (size_t l = 0; l < 19; ++l) {
    const bool lids = l == 7 || l == 10;  // 98 points have the middle of a lid, 68 have not
    CAPTURE(l);
    if (!lids) CHECK(a[2 * l] == b[2 * l]);
  }
}

TEST_CASE("landmark schemes: the template is symmetric and has the 5 among the 19") {
  const std::vector<double> all = aligned_template(19), few = aligned_template(5);
  REQUIRE(all.size() == 38);
  REQUIRE(few.size() == 10);
  for (const auto* points : {&all, &few}) {
    const auto flip = flip_permutation(static_cast<int64_t>(points->size() / 2));
    for (size_t l = 0; l < flip.size(); ++l) {
      const auto from = static_cast<size_t>(flip[l]);
      CHECK((*points)[2 * l] == doctest::Approx(1 - (*points)[2 * from]));
      CHECK((*points)[2 * l + 1] == (*points)[2 * from + 1]);
      CHECK(static_cast<size_t>(flip[from]) == l);
    }
  }
  for (size_t l = 0; l < 5; ++l) {
    const auto name =
        std::array{"eye_l_center", "eye_r_center", "nose_tip", "mouth_left", "mouth_right"}[l];
    const auto at = static_cast<size_t>(
        std::find(kLandmarkNames.begin(), kLandmarkNames.end(), name) - kLandmarkNames.begin());
    CHECK(few[2 * l] == all[2 * at]);
    CHECK(few[2 * l + 1] == all[2 * at + 1]);
  }
}

TEST_CASE(
    "landmark schemes: scripts/landmarks.py takes the points of a mesh that the program takes") {
  const std::string script = read_text(tests_folder().parent_path() / "scripts/landmarks.py");
  const std::vector<float> face = to_trained_landmarks(counted(478));
  for (size_t l = 0; l < 19; ++l) {
    const std::string key = fmt::format("\"{}\": (", kLandmarkNames[l]);
    CAPTURE(key);
    const size_t begin = script.find(key);
    REQUIRE(begin != std::string::npos);
    const std::string points =
        script.substr(begin + key.size(), script.find(')', begin) - begin - key.size());
    int count = 0;
    float sum = 0;
    for (size_t at = 0; at < points.size() && std::isdigit(points[at]);
         at = std::min(points.size(), points.find_first_of("0123456789", points.find(',', at)))) {
      sum += std::stof(points.substr(at));
      ++count;
    }
    REQUIRE(count > 0);
    CHECK(sum / static_cast<float>(count) == face[2 * l]);
  }
}

}  // namespace lanet::test
