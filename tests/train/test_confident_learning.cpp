// The rival that leaves out faces whose labels other networks do not believe.
#include "train/labels/confident_learning.h"

#include <algorithm>
#include <fstream>
#include <numeric>

#include "core/files/file.h"
#include "tests/train/small_training.h"

namespace lanet::test {
namespace {

Faces training_faces_of(const Config& config) {
  Context context;
  return load_faces(context, config, Split::train, false, [](const std::string&) {}, {});
}

std::vector<double> probabilities_of(const Config& config, const Faces& faces) {
  return cross_validated_probabilities(config, faces, Device::cpu, /*threads=*/1,
                                       /*plans=*/nullptr, {});
}

/// A copy of the drawn faces in which the first training face is labelled as another class.
void copy_with_first_label_changed(const std::filesystem::path& to) {
  std::filesystem::copy(drawn_faces(), to, std::filesystem::copy_options::recursive);
  const std::filesystem::path list = to / kDefaultLabelList;
  std::string text = read_text(list);
  const size_t label = text.find(' ', text.find("train_")) + 1;
  text[label] = text[label] == '1' ? '2' : '1';
  std::ofstream(list) << text;
}

}  // namespace

TEST_CASE("confident learning: the most probable class above its own threshold counts, by hand") {
  // Mean probability of the given class: 1/2 for class 0, 1/4 for class 1; nobody is given class 2.
  const std::vector<double> p = {0.75,  0.25,  0.0,    // given class 0
                                 0.25,  0.75,  0.0,    // class 1 is above its threshold: wrong
                                 0.5,   0.375, 0.125,  // on the threshold counts
                                 0.75,  0.25,  0.0,    // given class 1; class 0 has more: wrong
                                 0.375, 0.25,  0.375,  // class 0 is below its threshold
                                 0.0,   0.25,  0.75};
  CHECK(confidently_wrong(p, std::vector<int32_t>{0, 0, 0, 1, 1, 1}, 3) ==
        std::vector<uint8_t>{0, 1, 0, 1, 0, 0});
}

TEST_CASE("confident learning: a label that is believed is followed like the baseline's") {
  Session baseline(small_config("baseline")), kept(small_config("confident_learning"));
  const double expected = baseline.trainer->run_epoch()->losses.at("total");
  CHECK(kept.trainer->run_epoch()->losses.at("total") == doctest::Approx(expected).epsilon(1e-5));
}

TEST_CASE("confident learning: the target of a face left out is the network's own prediction") {
  const auto loss = [](bool left_out) {
    Session session(small_config("confident_learning"));
    const std::span<const int32_t> given = session.trainer->training_faces().given;
    session.trainer->start_from(
        without_wrong(std::vector<uint8_t>(given.size(), left_out), given, kNumExpressions));
    return session.trainer->run_epoch()->losses.at("total");
  };
  CHECK(loss(false) > 0.5);
  CHECK(std::abs(loss(true)) < 1e-6);
}

TEST_CASE("confident learning: no network has seen the face that it judges") {
  Config config = small_config("confident_learning");
  const Faces faces = training_faces_of(config);
  const std::vector<double> before = probabilities_of(config, faces);
  REQUIRE(std::ssize(before) == faces.size() * kNumExpressions);
  const TemporaryFolder folder;
  copy_with_first_label_changed(folder.path() / "faces");
  config.data.root = (folder.path() / "faces").string();
  const Faces changed = training_faces_of(config);
  std::filesystem::remove_all(config.data.root);  // nothing is read again for a fold
  const std::vector<double> after = probabilities_of(config, changed);
  int64_t same = 0;
  for (int64_t i = 0; i < faces.size(); ++i) {
    const auto row = before.begin() + i * kNumExpressions;
    CHECK(std::accumulate(row, row + kNumExpressions, 0.0) == doctest::Approx(1));
    same += std::equal(row, row + kNumExpressions, after.begin() + i * kNumExpressions);
  }
  CHECK(std::equal(before.begin(), before.begin() + kNumExpressions, after.begin()));
  CHECK(same == (faces.size() + kImageFolds - 1) / kImageFolds);  // those of its fold
}

}  // namespace lanet::test
