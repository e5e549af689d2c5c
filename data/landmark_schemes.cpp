#include "data/landmark_schemes.h"

#include <concepts>

#include "core/error.h"
#include "kernels/augment.h"

namespace lanet {
namespace {

/// The mean of these points of a scheme.
struct MeanOf {
  int count;
  std::array<int, 4> points;
  constexpr MeanOf(std::same_as<int> auto... p) : count(sizeof...(p)), points{p...} {}
};

struct Correspondence {
  std::string_view name;
  MeanOf of_68, of_98, of_mesh;
};

// Points are counted from 0; left as seen in the picture. The middle of an eye is that of its lids,
// not the pupil, and the middle of the mouth lies between the inner edges of the lips.
//
// Sources of the numbering: 68, the figure of the iBUG 300-W annotation (Sagonas et al., 2013),
// which dlib and OpenFace follow; 98, the annotation of WFLW (Wu et al., Look at Boundary, CVPR
// 2018); the mesh, the canonical face model of MediaPipe and the contours that it names (lips,
// eyes, eyebrows). The points 468 to 477 of a mesh of 478 are the irises and are not used.
constexpr std::array<Correspondence, kNumLandmarks> kCorrespondences = {{
    {"brow_l_outer", {17}, {33}, {70}},
    {"brow_l_mid", {19}, {35}, {105}},
    {"brow_l_inner", {21}, {37}, {107}},
    {"brow_r_inner", {22}, {42}, {336}},
    {"brow_r_mid", {24}, {44}, {334}},
    {"brow_r_outer", {26}, {46}, {300}},
    {"eye_l_outer", {36}, {60}, {33}},
    {"eye_l_center", {37, 38, 40, 41}, {62, 66}, {159, 145}},
    {"eye_l_inner", {39}, {64}, {133}},
    {"eye_r_inner", {42}, {68}, {362}},
    {"eye_r_center", {43, 44, 46, 47}, {70, 74}, {386, 374}},
    {"eye_r_outer", {45}, {72}, {263}},
    {"nose_left", {31}, {55}, {48}},
    {"nose_tip", {30}, {54}, {4}},
    {"nose_right", {35}, {59}, {278}},
    {"mouth_left", {48}, {76}, {61}},
    {"mouth_center", {62, 66}, {90, 94}, {13, 14}},
    {"mouth_right", {54}, {82}, {291}},
    {"chin", {8}, {16}, {152}},
}};

constexpr std::array<int32_t, kFewLandmarks> kFewFlip = {1, 0, 2, 4, 3};
/// The 5 points among the 19.
constexpr std::array<int, kFewLandmarks> kFewOfAll = {7, 10, 13, 15, 17};

constexpr std::array<std::array<double, 2>, kNumLandmarks> kTemplate = {{{0.2647, 0.3025},
                                                                         {0.3420, 0.2599},
                                                                         {0.4319, 0.2825},
                                                                         {0.5681, 0.2825},
                                                                         {0.6580, 0.2599},
                                                                         {0.7353, 0.3025},
                                                                         {0.2732, 0.3977},
                                                                         {0.3515, 0.3949},
                                                                         {0.4299, 0.4099},
                                                                         {0.5701, 0.4099},
                                                                         {0.6485, 0.3949},
                                                                         {0.7268, 0.3977},
                                                                         {0.4345, 0.5688},
                                                                         {0.5000, 0.5490},
                                                                         {0.5655, 0.5688},
                                                                         {0.3739, 0.7107},
                                                                         {0.5000, 0.7176},
                                                                         {0.6261, 0.7107},
                                                                         {0.5000, 0.8893}}};

struct Scheme {
  int64_t points;
  std::string_view who;
  MeanOf Correspondence::*from;  // null: the points are trained with as they are
};
constexpr std::array<Scheme, 6> kSchemes = {{{5, "RetinaFace, MTCNN", nullptr},
                                             {19, "", nullptr},
                                             {68, "dlib, OpenFace", &Correspondence::of_68},
                                             {98, "WFLW", &Correspondence::of_98},
                                             {468, "MediaPipe", &Correspondence::of_mesh},
                                             {478, "MediaPipe", &Correspondence::of_mesh}}};

const Scheme* find_scheme(int64_t points) {
  for (const Scheme& scheme : kSchemes)
    if (scheme.points == points) return &scheme;
  return nullptr;
}

}  // namespace

bool is_landmark_scheme(int64_t points) {
  return find_scheme(points) != nullptr;
}

std::string landmark_schemes() {
  std::vector<std::string> texts;
  for (const Scheme& scheme : kSchemes)
    texts.push_back(scheme.who.empty() ? fmt::format("{}", scheme.points)
                                       : fmt::format("{} ({})", scheme.points, scheme.who));
  return fmt::format("{}", fmt::join(texts, ", "));
}

int trained_landmarks(int64_t points) {
  LANET_REQUIRE(is_landmark_scheme(points), "{} landmarks", points);
  return points == kFewLandmarks ? kFewLandmarks : kNumLandmarks;
}

std::vector<float> to_trained_landmarks(std::span<const float> face) {
  const Scheme* scheme = find_scheme(static_cast<int64_t>(face.size() / 2));
  LANET_REQUIRE(scheme && face.size() % 2 == 0, "a face of {} coordinates", face.size());
  if (!scheme->from) return {face.begin(), face.end()};
  std::vector<float> points;
  for (const Correspondence& landmark : kCorrespondences) {
    const MeanOf& mean = landmark.*(scheme->from);
    for (size_t axis = 0; axis < 2; ++axis) {
      float sum = 0;
      for (int i = 0; i < mean.count; ++i)
        sum += face[2 * static_cast<size_t>(mean.points[static_cast<size_t>(i)]) + axis];
      points.push_back(sum / static_cast<float>(mean.count));
    }
  }
  return points;
}

std::span<const int32_t> flip_permutation(int64_t landmarks) {
  LANET_REQUIRE(landmarks == kNumLandmarks || landmarks == kFewLandmarks, "{} landmarks",
                landmarks);
  if (landmarks == kFewLandmarks) return kFewFlip;
  return kFlipPermutation;
}

std::vector<double> aligned_template(int64_t landmarks) {
  LANET_REQUIRE(landmarks == kNumLandmarks || landmarks == kFewLandmarks, "{} landmarks",
                landmarks);
  std::vector<double> points;
  for (int64_t l = 0; l < landmarks; ++l) {
    const auto at =
        static_cast<size_t>(landmarks == kFewLandmarks ? kFewOfAll[static_cast<size_t>(l)] : l);
    points.insert(points.end(), kTemplate[at].begin(), kTemplate[at].end());
  }
  return points;
}

}  // namespace lanet
