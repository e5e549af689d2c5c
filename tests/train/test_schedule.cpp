#include "train/schedule.h"

#include <doctest/doctest.h>

#include <cmath>

namespace lanet::test {
namespace {

constexpr int64_t kStepsPerEpoch = 7;

TrainConfig config(Schedule schedule, double warmup_epochs) {
  TrainConfig train;
  train.epochs = 10;
  train.learning_rate = 3e-3;
  train.schedule = schedule;
  train.warmup_epochs = warmup_epochs;
  return train;
}

double rate(const TrainConfig& train, int64_t step) {
  return scheduled_learning_rate(train, kStepsPerEpoch, step);
}

}  // namespace

TEST_CASE("schedule: by default it falls linearly, with the bits of that formula") {
  const TrainConfig train;
  for (int64_t step = 0; step < 96 * 80; ++step) {
    const double total = static_cast<double>(96 * train.epochs);
    CHECK(scheduled_learning_rate(train, 96, step) ==
          train.learning_rate * (1 - static_cast<double>(step) / total));
  }
}

TEST_CASE("schedule: a cosine starts at the learning rate, has half of it halfway, and ends at 0") {
  const TrainConfig train = config(Schedule::cosine, 0);
  CHECK(rate(train, 0) == train.learning_rate);
  CHECK(rate(train, 35) == doctest::Approx(train.learning_rate / 2).epsilon(1e-14));
  CHECK(rate(train, 14) ==
        doctest::Approx(train.learning_rate * (1 + std::cos(0.2 * std::acos(-1.0))) / 2)
            .epsilon(1e-14));
  CHECK(std::abs(rate(train, 70)) < 1e-17);
}

TEST_CASE("schedule: warm-up rises from 0, and what follows falls over the steps that are left") {
  for (const char* schedule : {"linear", "cosine"}) {
    CAPTURE(schedule);
    const TrainConfig train = config(choice_from<Schedule>(schedule), 2);  // 14 of 70 steps
    CHECK(rate(train, 0) == 0.0);
    CHECK(rate(train, 7) == doctest::Approx(train.learning_rate / 2).epsilon(1e-14));
    CHECK(rate(train, 14) == train.learning_rate);
    CHECK(rate(train, 42) == doctest::Approx(train.learning_rate / 2).epsilon(1e-14));
    CHECK(std::abs(rate(train, 70)) < 1e-17);
    for (int64_t step = 0; step < 70; ++step)
      CHECK((rate(train, step + 1) > rate(train, step)) == (step < 14));
  }
}

TEST_CASE("schedule: the warm-up may end within an epoch and between two steps") {
  const TrainConfig train = config(Schedule::linear, 0.5);  // 3.5 steps
  CHECK(rate(train, 3) == doctest::Approx(train.learning_rate * 3 / 3.5).epsilon(1e-14));
  CHECK(rate(train, 4) == doctest::Approx(train.learning_rate * 66 / 66.5).epsilon(1e-14));
}

}  // namespace lanet::test
