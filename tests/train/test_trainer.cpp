// The trainer on a few drawn faces: it learns, it resumes bit for bit, threads change nothing that
// counts.
#include "train/trainer.h"

#include <doctest/doctest.h>

#include <cmath>

#include "core/parameter_io.h"
#include "tests/input_error.h"
#include "tests/train/small_training.h"
#include "train/schedule.h"

namespace lanet::test {
namespace {

bool same_bits(const NamedArrays& a, const NamedArrays& b) {
  return a.arrays == b.arrays;
}

}  // namespace

TEST_CASE("trainer: going on from a checkpoint gives the same bits as not stopping") {
  for (const char* method : {"lanet", "robust", "baseline", "elr"}) {
    CAPTURE(method);
    const Config config = small_config(method);
    NamedArrays after_one, after_three;
    {
      Session whole(config);
      whole.trainer->run_epoch();
      after_one = whole.trainer->checkpoint(/*with_state=*/true);
      whole.trainer->run_epoch();
      whole.trainer->run_epoch();
      after_three = whole.trainer->checkpoint(/*with_state=*/true);
    }
    Session resumed(config);
    resumed.trainer->load(after_one, "checkpoint");
    CHECK(resumed.trainer->epochs_done() == 1);
    CHECK(same_bits(resumed.trainer->checkpoint(true), after_one));
    resumed.trainer->run_epoch();
    resumed.trainer->run_epoch();
    CHECK(same_bits(resumed.trainer->checkpoint(true), after_three));
    CHECK_FALSE(same_bits(after_one, after_three));
  }
}

TEST_CASE("trainer: a run whose sampler follows the label estimates goes on to the same bits") {
  Config config = small_config("robust");
  config.train.sampler = Sampler::estimates;
  Session whole(config), resumed(config);
  whole.trainer->run_epoch();
  resumed.trainer->load(whole.trainer->checkpoint(/*with_state=*/true), "checkpoint");
  whole.trainer->run_epoch();
  resumed.trainer->run_epoch();
  CHECK(same_bits(resumed.trainer->checkpoint(true), whole.trainer->checkpoint(true)));
}

TEST_CASE("trainer: one thread and two give the same first losses") {
  const Config config = small_config();
  std::map<std::string, double> losses[2];
  for (const int threads : {1, 2}) {
    Session session(config, threads);
    session.trainer->prepare_epoch();
    session.trainer->step();
    for (const NamedLoss& term : session.trainer->model().losses())
      for (const Value* part : term.parts)
        losses[threads - 1][term.name] += read_tensor(session.context, part->data)[0];
  }
  CHECK(losses[0].size() == 4);
  for (const auto& [name, loss] : losses[0]) {
    CAPTURE(name);
    CHECK(std::abs(losses[1].at(name) / loss - 1) < 1e-5);
  }
}

TEST_CASE(
    "trainer: the loss falls from epoch to epoch, and label distributions stay distributions") {
  Config config = small_config();
  config.train.epochs = 8;
  Session session(config);
  const double first = session.trainer->run_epoch().losses.at("total");
  EpochResult last;
  while (session.trainer->epochs_done() < 8) last = session.trainer->run_epoch();
  CHECK(last.losses.at("total") < 0.5 * first);
  CHECK(last.learning_rate > 0);
  CHECK(session.trainer->evaluate().total() == kTest);
  const NamedArrays state = session.trainer->checkpoint(true);
  const HostArray& bank = state.arrays.at("state.label_bank");
  for (int64_t i = 0; i < bank.shape[0]; ++i) {
    double sum = 0;
    for (int64_t c = 0; c < 7; ++c) sum += bank.at(i * 7 + c);
    CHECK(sum == doctest::Approx(1).epsilon(1e-4));
  }
}

TEST_CASE(
    "trainer: weight decay shrinks every weight by the learning rate's share, and nothing else") {
  for (const char* method : {"lanet", "baseline"}) {
    Config config = small_config(method);
    NamedArrays start, after[2];
    for (const double decay : {0.0, 0.5}) {
      config.train.weight_decay = decay;
      Session session(config);
      start = session.trainer->checkpoint(/*with_state=*/true);
      session.trainer->prepare_epoch();
      session.trainer->step();
      after[decay > 0] = session.trainer->checkpoint(/*with_state=*/true);
    }
    const double factor = config.train.learning_rate * 0.5;
    double shrunk = 0, weights = 0;  // sums of squares, over all weights
    for (const auto& [name, plain] : after[0].arrays) {
      const HostArray& decayed = after[1].arrays.at(name);
      if (name.starts_with("momentum.")) continue;  // follows the parameters
      if (plain.shape.size() < 2 || name.starts_with("adam.") || name.starts_with("state.")) {
        CAPTURE(name);
        CHECK(decayed == plain);
        continue;
      }
      const std::vector<double> from = start.arrays.at(name).to<double>();
      const std::vector<double> with = decayed.to<double>(), without = plain.to<double>();
      for (size_t i = 0; i < from.size(); ++i) {
        const double error = without[i] - with[i] - factor * from[i];
        shrunk += error * error;
        weights += factor * from[i] * factor * from[i];
      }
    }
    CHECK(weights > 0);
    CHECK(shrunk < 1e-6 * weights);
  }
}

TEST_CASE("trainer: an epoch ends with the learning rate that the schedule has there") {
  Config config = small_config("baseline");
  config.train.schedule = Schedule::cosine;
  config.train.warmup_epochs = 1.5;
  Session session(config);
  const int64_t steps = session.trainer->steps_per_epoch();
  for (const int64_t epoch : {1, 2})
    CHECK(session.trainer->run_epoch().learning_rate ==
          scheduled_learning_rate(config.train, steps, epoch * steps - 1));
}

TEST_CASE("trainer: one batch is learnt by heart") {
  Config config = small_config("baseline");
  config.train.batch = kTrain;
  config.train.epochs = 30;
  config.data.augment.flip_probability = 0;
  config.data.augment.crop_area_min = 1;
  config.data.augment.crop_ratio_min = config.data.augment.crop_ratio_max = 1;
  config.data.augment.jitter_min = config.data.augment.jitter_max = 1;
  config.data.augment.erase_probability = 0;
  Session session(config);
  double loss = 10;
  while (session.trainer->epochs_done() < 30)
    loss = session.trainer->run_epoch().losses.at("total");
  CHECK(loss < 0.05);
}

TEST_CASE("trainer: a checkpoint of another architecture is refused by name") {
  Config config = small_config();
  Session session(config);
  NamedArrays checkpoint = session.trainer->checkpoint(true);
  checkpoint.arrays["f_q.conv1.weight"] = HostArray({64, 3, 3, 3}, HostDType::f32);
  CHECK_THROWS_WITH_AS(session.trainer->load(checkpoint, "x.safetensors"),
                       doctest::Contains("x.safetensors: f_q.conv1.weight is [64, 3, 3, 3]"),
                       InputError);
}

TEST_CASE("trainer: a batch larger than the training set is refused") {
  Config config = small_config();
  config.train.batch = config.model.bank = 64;
  CHECK_THROWS_WITH_AS(std::make_unique<Session>(config), doctest::Contains("train.batch: 64"),
                       InputError);
}

}  // namespace lanet::test
