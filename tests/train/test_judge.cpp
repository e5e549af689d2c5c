// What is measured of a network after an epoch, on a few drawn faces.
#include "train/judge.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/parameter_io.h"
#include "tests/train/small_training.h"
#include "train/epoch_record.h"

namespace lanet::test {
namespace {

Judgement judge(Session& session, const Config& config) {
  return lanet::judge(session.context, config, *session.trainer, session.validation);
}

/// Share of the training faces at `rows` that are predicted as `labels` say.
double share_predicted(Session& session, const std::vector<int32_t>& rows,
                       std::span<const int32_t> labels) {
  const auto predicted = session.trainer->evaluator().predictions(
      session.context, session.trainer->training_faces().set, rows);
  double right = 0;
  for (size_t i = 0; i < rows.size(); ++i) right += predicted[i] == labels[rows[i]];
  return right / static_cast<double>(rows.size());
}

}  // namespace

TEST_CASE("judge: without wrong labels, a second list or validation there is the test set alone") {
  const Config config = small_config("baseline");
  Session session(config);
  const Judgement judgement = judge(session, config);
  CHECK(judgement.test.total() == kTest);
  CHECK_FALSE(judgement.validation);
  CHECK_FALSE(judgement.labels);
}

TEST_CASE("judge: wrong labels that a network learns by heart are counted as memorised") {
  Config config = small_config("baseline");
  config.data.noise.rate = 0.5;
  config.train.epochs = 12;
  AugmentConfig& augment = config.data.augment;
  augment.flip_probability = augment.erase_probability = 0;
  augment.crop_area_min = augment.crop_ratio_min = augment.crop_ratio_max = 1;
  augment.jitter_min = augment.jitter_max = 1;
  Session session(config);
  const Faces& faces = session.trainer->training_faces();
  std::vector<int32_t> wrong;
  for (int32_t i = 0; i < kTrain; ++i)
    if (faces.given[i] != faces.judged_by[i]) wrong.push_back(i);
  REQUIRE(wrong.size() > 5);
  while (session.trainer->epochs_done() < config.train.epochs) session.trainer->run_epoch();
  const Judgement judgement = judge(session, config);
  REQUIRE(judgement.labels);
  CHECK(judgement.labels->memorised > 0.8);
  CHECK(judgement.labels->memorised + judgement.labels->corrected <= 1);
  CHECK(judgement.labels->memorised ==
        doctest::Approx(share_predicted(session, wrong, faces.given)));
  CHECK(judgement.labels->corrected ==
        doctest::Approx(share_predicted(session, wrong, faces.judged_by)));
  CHECK_FALSE(judgement.labels->estimates);
}

TEST_CASE("judge: truth without a wrong label has nothing to count") {
  Config config = small_config();
  config.data.true_labels = config.data.labels;
  Session session(config);
  const Judgement judgement = judge(session, config);
  REQUIRE(judgement.labels);
  CHECK(std::isnan(judgement.labels->memorised));
  CHECK(std::isnan(judgement.labels->corrected));
  CHECK(judgement.labels->estimates->accuracy == 1);  // at the start the given labels
  CHECK(std::isnan(judgement.labels->estimates->average_precision));
}

TEST_CASE("judge: estimates are judged as labels and as detectors of wrong ones") {
  const std::vector<int32_t> given = {0, 1, 2, 0}, truth = {0, 1, 1, 2};
  const std::vector<double> estimates = {0.8, 0.1, 0.1,   // right, and no doubt about it
                                         0.2, 0.4, 0.4,   // the first of equals is right
                                         0.0, 0.7, 0.3,   // found, and corrected
                                         0.5, 0.3, 0.2};  // not found
  const auto figures = judge_estimates(estimates, given, truth);
  CHECK(figures.accuracy == 0.75);
  // Doubts 0.2, 0.6, 0.7, 0.5: the wrong ones come first and third.
  CHECK(figures.average_precision == doctest::Approx(0.5 * 1 + 0.5 * 2 / 3));
  CHECK(figures.found == 0.5);  // of the last two the first
  CHECK(figures.doubted == 0);
  CHECK_THROWS_AS(judge_estimates(estimates, std::vector<int32_t>{0}, truth), Error);
}

TEST_CASE("judge: estimates that say something are confident, changed here and there, and differ") {
  const std::vector<int32_t> given = {0, 1};
  const EstimateHealth apart = estimate_health(std::vector<double>{1, 0, 0.75, 0.25}, given, 0.8);
  CHECK(apart.confident == 0.5);
  CHECK(apart.changed == 0.5);  // the second
  CHECK(apart.spread == doctest::Approx(0.125));
  CHECK(std::isnan(apart.neighbour_entropy));
  const EstimateHealth same = estimate_health(std::vector<double>{0.6, 0.4, 0.6, 0.4}, given, 0.8);
  CHECK(same.confident == 0);
  CHECK(same.spread == doctest::Approx(0));
}

TEST_CASE("judge: neighbours' weights of LA-Net have an entropy, and robust has no neighbours") {
  for (const char* method : {"lanet", "robust"}) {
    const Config config = small_config(method);
    Session session(config);
    session.trainer->run_epoch();
    const Judgement judgement = judge(session, config);
    REQUIRE(judgement.estimates);
    const double entropy = judgement.estimates->neighbour_entropy;
    CHECK(std::isnan(entropy) == (config.model.recipe == Recipe::robust));
    CHECK_FALSE(entropy > 1.000001);
    CHECK_FALSE(entropy < 0.5);  // at the start no neighbour is far from any other
  }
}

TEST_CASE("epoch record: collapsed estimates are told of") {
  EpochRecord record{.judged = {.test = Confusion(2, {3, 1, 0, 0})}};
  CHECK(warnings(record).empty());
  record.judged.estimates = {.spread = 0.3, .neighbour_entropy = 0.9};
  CHECK(warnings(record).empty());
  record.judged.estimates = {.spread = 0.3};  // no neighbours
  CHECK(warnings(record).empty());
  record.judged.estimates = {.spread = 0.001, .neighbour_entropy = 0.99999};
  const std::vector<std::string> lines = warnings(record);
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].starts_with("warning: all neighbours have the same weight"));
  CHECK(lines[1].starts_with("warning: the label estimates of all faces are the same"));
}

TEST_CASE("judge: the estimates of LA-Net are its label bank") {
  Config config = small_config();
  config.data.noise.rate = 0.5;
  Session session(config);
  session.trainer->run_epoch();
  const Judgement judgement = judge(session, config);
  REQUIRE(judgement.labels);
  REQUIRE(judgement.labels->estimates);
  const std::vector<double> bank =
      read_tensors(session.trainer->checkpoint(true)).arrays.at("state.label_bank").to<double>();
  const auto figures = judge_estimates(bank, session.trainer->training_faces().given,
                                       session.trainer->training_faces().judged_by);
  CHECK(judgement.labels->estimates->accuracy == figures.accuracy);
  CHECK(judgement.labels->estimates->average_precision == figures.average_precision);
}

TEST_CASE("judge: distances from votes, by hand") {
  const std::vector<double> votes = {1, 0, 0.5, 0.5};
  const std::vector<int32_t> given = {0, 1};
  // Half a vote against none: the mean of ln(4/3) and ln(2/3)/2 + ln(2)/2, in halves.
  const double half = (std::log(4.0 / 3) + std::log(2.0 / 3) / 2 + std::log(2.0) / 2) / 2;
  const VoteDistances none = vote_distances({}, given, votes);
  CHECK(std::isnan(none.estimates));
  CHECK(none.given == doctest::Approx(half / 2));
  CHECK(none.smoothed > 0);
  CHECK(vote_distances(votes, given, votes).estimates == 0);
  const std::vector<double> opposite = {0, 1, 0.5, 0.5};
  CHECK(vote_distances(opposite, given, votes).estimates == doctest::Approx(std::log(2.0) / 2));
  // Smoothing one label by 0.1: 0.95 and 0.05 against 1 and 0, and against 0.5 and 0.5.
  const auto js = [](double p, double q) {  // of (p, 1 − p) and (q, 1 − q)
    const auto part = [](double a, double b) { return a > 0 ? a * std::log(2 * a / (a + b)) : 0; };
    return (part(p, q) + part(q, p) + part(1 - p, 1 - q) + part(1 - q, 1 - p)) / 2;
  };
  CHECK(none.smoothed == doctest::Approx((js(1, 0.95) + js(0.5, 0.05)) / 2));
}

TEST_CASE("judge: validation faces are those that were split off") {
  Config config = small_config("baseline");
  config.data.validation = 0.25;
  Session session(config);
  CHECK(session.trainer->training_faces().size() + session.validation.size() == kTrain);
  const Judgement judgement = judge(session, config);
  REQUIRE(judgement.validation);
  CHECK(judgement.validation->total() == session.validation.size());
  CHECK(judgement.test.total() == kTest);
}

TEST_CASE("judge: judging changes nothing of what is trained") {
  Config config = small_config("baseline");
  config.data.noise.rate = 0.3;
  Session judged(config), alone(config);
  for (int epoch = 0; epoch < 2; ++epoch) {
    judged.trainer->run_epoch();
    alone.trainer->run_epoch();
    judge(judged, config);
  }
  CHECK(read_tensors(judged.trainer->checkpoint(true)).arrays ==
        read_tensors(alone.trainer->checkpoint(true)).arrays);
}

TEST_CASE("epoch record: a line has what was measured, and null for what is no number") {
  EpochRecord record{.training = {.epoch = 2,
                                  .losses = {{"total", 0.5}},
                                  .learning_rate = 0.125,
                                  .train_accuracy = 0.25,
                                  .seconds = 4,
                                  .images = 10},
                     .judged = {.test = Confusion(2, {3, 1, 0, 0})}};
  const std::string start =
      R"({"epoch":2,"losses":{"total":0.5},"learning_rate":0.125,"train_accuracy":0.25,)"
      R"("test_accuracy":0.75,"test_balanced_accuracy":0.75,"test_recall":[0.75,null],)"
      R"("test_confusion":[[3,1],[0,0]],)";
  const std::string end = R"("images_per_second":2.5,"seconds":4.0})";
  CHECK(to_json(record).dump() == start + end);
  CHECK(to_text(record, 9) == "epoch 2/9  total 0.5000  train 0.2500  test 0.7500  2.5 img/s");
  record.judged.validation = Confusion(2, {1, 1, 0, 2});
  record.judged.labels = {.memorised = 0.5, .corrected = 0.25};
  const std::string measured =
      R"("val_accuracy":0.75,"val_balanced_accuracy":0.75,"memorised":0.5,"corrected":0.25,)";
  CHECK(to_json(record).dump() == start + measured + end);
  CHECK(to_text(record, 9) ==
        "epoch 2/9  total 0.5000  train 0.2500  test 0.7500  validation 0.7500  memorised 0.5000  "
        "corrected 0.2500  2.5 img/s");
  record.judged.labels->estimates = {
      .accuracy = 0.875, .average_precision = 0.625, .found = 0.75, .doubted = 0.125};
  CHECK(to_json(record).dump() ==
        start + measured + R"("label_accuracy":0.875,"label_average_precision":0.625,)" +
            R"("wrong_labels_found":0.75,"right_labels_doubted":0.125,)" + end);
  record.judged.labels = {.memorised = std::nan(""), .corrected = std::nan("")};
  record.judged.votes = {.estimates = std::nan(""), .given = 0.25, .smoothed = 0.125};
  CHECK(to_json(record).dump().ends_with(
      R"("estimates_from_votes":null,"given_from_votes":0.25,"smoothed_from_votes":0.125,)" + end));
  CHECK(to_json(record)["memorised"].is_null());
  CHECK(to_text(record, 9).find("memorised") == std::string::npos);
}

TEST_CASE("epoch record: figures that are missing in a line are named") {
  const auto line = nlohmann::ordered_json::parse(
      R"({"epoch":1,"test_accuracy":0.5,"test_balanced_accuracy":0.25,"val_accuracy":null})");
  CHECK(scores_of(line, false, "m:1").accuracy == 0.5);
  CHECK(scores_of(line, false, "m:1").balanced_accuracy == 0.25);
  CHECK_FALSE(scores_of(line, false, "m:1").validation);
  CHECK_THROWS_WITH_AS(scores_of(line, true, "m:1"), "m:1: val_accuracy: null; expected a number",
                       InputError);
  CHECK_THROWS_WITH_AS(scores_of(nlohmann::ordered_json{{"epoch", 1}}, false, "m:2"),
                       "m:2: test_accuracy: missing; expected a number", InputError);
}

}  // namespace lanet::test
