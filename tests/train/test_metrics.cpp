#include <doctest/doctest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "train/metrics.h"

namespace lanet::test {
namespace {

/// Class 0: 3 of 4 right; class 1: 1 of 1; class 2: no samples, one wrong prediction.
Confusion example() {
  Confusion confusion(3);
  const std::vector<int32_t> labels = {0, 0, 0, 0, 1}, predictions = {0, 0, 0, 2, 1};
  confusion.add(labels, predictions);
  return confusion;
}

}  // namespace

TEST_CASE("metrics: rows are labels, columns are predictions") {
  const Confusion confusion = example();
  CHECK(confusion.count(0, 0) == 3);
  CHECK(confusion.count(0, 2) == 1);
  CHECK(confusion.count(2, 0) == 0);
  CHECK(confusion.total(0) == 4);
  CHECK(confusion.total() == 5);
}

TEST_CASE("metrics: balanced accuracy is the mean recall of the classes that occur") {
  const Confusion confusion = example();
  CHECK(confusion.accuracy() == doctest::Approx(0.8));
  CHECK(confusion.recall(0) == doctest::Approx(0.75));
  CHECK(std::isnan(confusion.recall(2)));
  CHECK(confusion.balanced_accuracy() == doctest::Approx(0.875));
  CHECK(std::isnan(Confusion(2).accuracy()));
  CHECK(std::isnan(Confusion(2).balanced_accuracy()));
}

TEST_CASE("metrics: JSON holds fractions, the matrix, and null for a class without samples") {
  CHECK(to_json(example()).dump() ==
        R"({"accuracy":0.8,"balanced_accuracy":0.875,"recall":[0.75,1.0,null],)"
        R"("confusion":[[3,0,1],[0,1,0],[0,0,0]]})");
}

TEST_CASE("metrics: the table names each class and shows a dash where there is no figure") {
  const std::string table = to_table(example(), {"anger", "disgust", "fear"});
  CHECK(table.find("accuracy 80.00 % of 5, balanced 87.50 %") != std::string::npos);
  CHECK(table.find("anger      75.00 %        3        0        1") != std::string::npos);
  CHECK(table.find("fear             -") != std::string::npos);
}

TEST_CASE("metrics: a label or prediction outside the classes is a mistake") {
  Confusion confusion(3);
  CHECK_THROWS_AS(confusion.add(3, 0), Error);
  CHECK_THROWS_AS(confusion.add(0, -1), Error);
}

TEST_CASE("metrics: a run is told by best, last and the mean of the last five epochs") {
  std::vector<EpochScores> epochs;
  for (const double accuracy : {0.1, 0.8, 0.5, 0.6, 0.8, 0.7, 0.6})
    epochs.push_back({.accuracy = accuracy, .balanced_accuracy = accuracy / 2});
  const Summary summary = summarize(epochs);
  CHECK(summary.best_epoch == 2);
  CHECK(summary.best.accuracy == 0.8);
  CHECK(summary.last_epoch == 7);
  CHECK(summary.last.accuracy == 0.6);
  CHECK(summary.mean_last_five == doctest::Approx(0.64));
  CHECK(summary.mean_last_five_balanced == doctest::Approx(0.32));
  const Summary of_two = summarize(std::vector<EpochScores>{{0.25, 0.5}, {0.5, 0.125}});
  CHECK(of_two.mean_last_five == 0.375);
  CHECK(of_two.mean_last_five_balanced == 0.3125);
  CHECK(to_json(of_two).dump() ==
        R"({"best":{"epoch":2,"accuracy":0.5,"balanced_accuracy":0.125,"chosen_by":"test"},)"
        R"("last":{"epoch":2,"accuracy":0.5,"balanced_accuracy":0.125},)"
        R"("mean_last_five":0.375,"mean_last_five_balanced":0.3125})");
  CHECK_THROWS_AS(summarize({}), Error);
}

TEST_CASE("metrics: where there is a validation accuracy it chooses the best epoch") {
  const std::vector<EpochScores> epochs = {{0.5, 0.5, 0.25}, {0.75, 0.5, 0.5}, {0.9, 0.5, 0.5}};
  const Summary summary = summarize(epochs);
  CHECK(summary.best_epoch == 2);  // the first of equals, not the best on the test set
  CHECK(to_json(summary)["best"].dump() ==
        R"({"epoch":2,"accuracy":0.75,"balanced_accuracy":0.5,"chosen_by":"validation",)"
        R"("val_accuracy":0.5})");
  CHECK_THROWS_WITH_AS(summarize(std::vector<EpochScores>{{0.5, 0.5, 0.25}, {0.5, 0.5}}),
                       doctest::Contains("validation accuracy"), Error);
}

TEST_CASE("metrics: average precision is that of scikit-learn, ties included") {
  const std::vector<double> scores = {0.1, 0.4, 0.35, 0.8};
  CHECK(average_precision(scores, std::vector<uint8_t>{0, 0, 1, 1}) ==
        doctest::Approx(0.8333333333333333));
  // Equal scores are one step: their order does not count.
  const std::vector<double> tied = {0.5, 0.5, 0.5, 0.2, 0.9};
  CHECK(average_precision(tied, std::vector<uint8_t>{1, 0, 0, 1, 0}) == doctest::Approx(0.325));
  CHECK(average_precision(tied, std::vector<uint8_t>{0, 0, 1, 1, 0}) == doctest::Approx(0.325));
  CHECK(average_precision(std::vector<double>(4, 1.0), std::vector<uint8_t>{0, 1, 0, 0}) == 0.25);
  CHECK(average_precision(scores, std::vector<uint8_t>(4, 1)) == 1);
  CHECK(std::isnan(average_precision(scores, std::vector<uint8_t>(4, 0))));
  CHECK_THROWS_AS(average_precision(scores, std::vector<uint8_t>(3, 0)), Error);
  CHECK_THROWS_AS(average_precision(std::vector<double>{std::nan("")}, std::vector<uint8_t>{1}),
                  Error);
}

}  // namespace lanet::test
