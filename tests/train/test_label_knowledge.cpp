// What is learned of wrong labels from drawn faces, whose labels are known.
#include "train/labels/label_knowledge.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "data/noise.h"
#include "data/rafdb.h"
#include "tests/train/small_training.h"

namespace lanet::test {
namespace {

struct Drawn {
  FaceList list;
  Landmarks landmarks;
};

/// 400 drawn faces without their pictures.
const Drawn& drawn_landmarks() {
  static const Drawn drawn = [] {
    const TemporaryFolder folder;
    const auto out = folder.path() / "faces";
    write_synth({.out = out, .train = 400, .test = 1, .size = 48, .seed = 5}, {});
    Drawn read{.list = read_face_list(out, kDefaultLabelList, Split::train)};
    read.landmarks = read_landmarks(out / "landmarks_19.csv", read.list.names);
    return read;
  }();
  return drawn;
}

/// They, with this share of wrong labels.
Faces drawn_faces(double noise) {
  const auto& [list, landmarks] = drawn_landmarks();
  Faces faces;
  faces.list = list;
  faces.landmarks = landmarks.points;
  faces.valid = landmarks.valid();
  faces.judged_by = list.labels;
  faces.given =
      add_label_noise(list.labels, kNumExpressions, noise, NoiseKind::symmetric, /*seed=*/1);
  return faces;
}

LabelKnowledge learn(const Faces& faces, ShapeSource shapes = ShapeSource::network,
                     double noise_floor = 0, std::string* message = nullptr) {
  return learn_label_knowledge(faces, {.shapes = shapes,
                                       .batch = 100,
                                       .neighbours = 8,
                                       .noise_floor = noise_floor,
                                       .quick = {.networks = 1, .steps = 150},
                                       .thorough = {.networks = 1, .steps = 200},
                                       .seed = 1,
                                       .message = [&](const std::string& line) {
                                         if (message) *message = line;
                                       }});
}

}  // namespace

/// Of the faces with a wrong label, the share whose shape favours their class over that label.
double corrected(const Faces& faces, const LabelKnowledge& knowledge) {
  double corrected = 0, wrong = 0;
  for (int64_t i = 0; i < faces.size(); ++i) {
    const auto row = knowledge.log_ratio.begin() + i * kNumExpressions;
    if (faces.given[i] == faces.judged_by[i]) continue;
    ++wrong;
    corrected += row[faces.judged_by[i]] > row[faces.given[i]];
  }
  CHECK(wrong > 80);
  return corrected / wrong;
}

TEST_CASE("label knowledge: the landmarks tell the rate of wrong labels, and which they are") {
  Faces faces = drawn_faces(0.3);
  faces.valid[3] = 0;
  const LabelKnowledge knowledge = learn(faces);
  REQUIRE(knowledge.channel.size() == kNumExpressions * kNumExpressions);
  double rate = 1;
  for (int64_t y = 0; y < kNumExpressions; ++y)
    rate -= knowledge.channel[y * kNumExpressions + y] / kNumExpressions;
  CHECK(rate > 0.2);
  CHECK(rate < 0.4);
  CHECK(corrected(faces, knowledge) > 0.8);
  // Of a face without landmarks nothing is known.
  for (int64_t y = 0; y < kNumExpressions; ++y)
    CHECK(knowledge.log_ratio[3 * kNumExpressions + y] == 0);
}

TEST_CASE("label knowledge: votes of the set find wrong labels, those of a batch fewer") {
  const Faces faces = drawn_faces(0.3);
  const double set = corrected(faces, learn(faces, ShapeSource::set));
  CHECK(set > 0.8);
  CHECK(corrected(faces, learn(faces, ShapeSource::batch)) < set);
}

TEST_CASE("label knowledge: corrected once, each face has the class that shape and label favour") {
  constexpr int64_t kC = kNumExpressions;
  LabelKnowledge knowledge{.channel = symmetric_channel(kC, 0.3),
                           .prior = std::vector<double>(kC, 1.0 / kC),
                           .log_ratio = std::vector<double>(2 * kC)};
  knowledge.log_ratio[2] = 2.5;       // not enough against 0.7 : 0.05
  knowledge.log_ratio[kC + 2] = 2.7;  // log 14 = 2.64
  const LabelKnowledge corrected = corrected_once(knowledge, std::vector<int32_t>{5, 5});
  for (int64_t y = 0; y < kC; ++y) {
    CHECK(std::exp(corrected.log_ratio[y]) == (y == 5));
    CHECK(std::exp(corrected.log_ratio[kC + y]) == (y == 2));
  }
}

TEST_CASE("label knowledge: of right labels no more are doubted than the floor says") {
  std::string message;
  const LabelKnowledge doubted = learn(drawn_faces(0), ShapeSource::network, 0.2, &message);
  CHECK(message.starts_with("noise: "));
  CHECK(message.ends_with("; 20.0 % are assumed (model.noise_floor)"));
  double right = 0;
  for (int64_t y = 0; y < kNumExpressions; ++y)
    right += doubted.channel[y * kNumExpressions + y] / kNumExpressions;
  CHECK(right == doctest::Approx(0.8).epsilon(0.02));
}

}  // namespace lanet::test
