// The trainer on a few drawn faces: it learns, it resumes bit for bit, threads change nothing that
// counts.
#include "train/trainer.h"

#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "core/files/file.h"
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
  struct Run {
    const char* method;
    DTypeSetting dtype = DTypeSetting::f32;
  };
  for (const auto& [method, dtype] :
       {Run{"lanet"}, Run{"lanet", DTypeSetting::bf16}, Run{"robust"},
        Run{"robust", DTypeSetting::bf16}, Run{"baseline"}, Run{"elr"}}) {
    CAPTURE(method);
    CAPTURE(name_of(dtype));
    Config config = small_config(method);
    config.train.dtype = dtype;
    if (std::string(method) == "robust") config.train.sampler = Sampler::estimates;
    NamedArrays between, inside, after;  // after an epoch, two steps later, and after that epoch
    EpochResult expected;
    {
      Session whole(config);
      whole.trainer->run_epoch();
      between = read_tensors(whole.trainer->checkpoint(/*with_state=*/true));
      expected = *whole.trainer->run_epoch([&](int64_t step, double) {
        if (step == 2) inside = read_tensors(whole.trainer->checkpoint(/*with_state=*/true));
        return true;
      });
      after = read_tensors(whole.trainer->checkpoint(/*with_state=*/true));
    }
    CHECK_FALSE(same_bits(between, after));
    Session resumed(config);
    for (const NamedArrays* start : {&between, &inside}) {
      resumed.trainer->load(*start, "checkpoint");
      CHECK(resumed.trainer->epochs_done() == 1);
      CHECK(resumed.trainer->epoch_steps() == (start == &inside ? 2 : 0));
      CHECK(read_tensors(resumed.trainer->checkpoint(true)) == *start);
      const EpochResult result = *resumed.trainer->run_epoch();
      CHECK(same_bits(read_tensors(resumed.trainer->checkpoint(true)), after));
      CHECK(result.losses == expected.losses);
      CHECK(result.train_accuracy == expected.train_accuracy);
      CHECK(result.learning_rate == expected.learning_rate);
      CHECK(result.images == expected.images);
    }
  }
}

TEST_CASE("trainer: an epoch that the callback ends goes on where it was") {
  const Config config = small_config("baseline");
  Session whole(config), halting(config);
  const EpochResult expected = *whole.trainer->run_epoch();
  CHECK_FALSE(halting.trainer->run_epoch([](int64_t step, double) { return step < 1; }));
  CHECK(halting.trainer->epochs_done() == 0);
  CHECK(halting.trainer->epoch_steps() == 1);
  CHECK(halting.trainer->run_epoch()->losses == expected.losses);
  CHECK(same_bits(read_tensors(halting.trainer->checkpoint(true)),
                  read_tensors(whole.trainer->checkpoint(true))));
}

TEST_CASE("trainer: a checkpoint inside an epoch without what the epoch needs is refused") {
  const Config config = small_config("baseline");
  Session session(config);
  session.trainer->run_epoch([](int64_t step, double) { return step < 1; });
  const NamedArrays good = read_tensors(session.trainer->checkpoint(true));
  auto refusal = [&](const std::function<void(NamedArrays&)>& spoil) {
    NamedArrays bad = good;
    spoil(bad);
    return input_error([&] { session.trainer->load(bad, "x"); });
  };
  CHECK(is_line_with(refusal([](NamedArrays& c) { c.arrays.erase("epoch.order"); }),
                     "x: 1 steps into an epoch without epoch.order"));
  CHECK(is_line_with(
      refusal([](NamedArrays& c) { c.arrays["epoch.order"] = HostArray({3}, HostDType::i32); }),
      "epoch.order of 3 elements"));
  CHECK(is_line_with(refusal([](NamedArrays& c) { c.metadata["epoch_sums"] = "{}"; }),
                     "metadata 'epoch_sums' is '{}'"));
  CHECK(is_line_with(refusal([](NamedArrays& c) { c.metadata["epoch_steps"] = "-1"; }),
                     "metadata 'epoch_steps' is '-1'"));
}

TEST_CASE("trainer: a checkpoint keeps class names in any script, without escape codes") {
  Session session(small_config("baseline"));
  NamedArrays checkpoint = read_tensors(session.trainer->checkpoint(true));
  const auto classes = [&](const std::string& names) {
    checkpoint.metadata["classes"] = names;
    return checkpoint_info(checkpoint, "x").classes;
  };
  // With a zero-width non-joiner, and with an ideographic space.
  const std::vector<std::string> names = {"\u0645\u06CC\u200C\u062E\u0646\u062F\u062F",
                                          "\u7B11\u3000\u9854"};
  CHECK(classes("[\"" + names[0] + "\", \"" + names[1] + "\"]") == names);
  for (const char* bad : {R"(["joy", "\u001b[2J"])", R"(["joy", "\u009b2J"])", R"(["joy", ""])"})
    CHECK_THROWS_WITH_AS(classes(bad), doctest::Contains("expected a list of names"), InputError);
}

TEST_CASE("trainer: a checkpoint with NaN is not written, and the one before stays") {
  const Config config = small_config("baseline");
  Session session(config);
  const TemporaryFolder folder;
  const auto path = folder.path() / "last.safetensors";
  write_safetensors(path, session.trainer->checkpoint(true));
  const std::string before = read_text(path);
  session.trainer->run_epoch();
  const ParameterStore& store = session.trainer->model().store();
  const Parameter& p = store.parameters().front();
  std::vector<double> values = read_tensor(session.context, store.master(p));
  values[0] = std::numeric_limits<double>::quiet_NaN();
  write_tensor(session.context, store.master(p), values);
  CHECK_THROWS_WITH_AS(
      write_safetensors(path, session.trainer->checkpoint(true), folder.path() / "previous"),
      doctest::Contains((p.name + ": element 0 is nan after step 3, in epoch 1").c_str()), Error);
  CHECK(read_text(path) == before);
  CHECK_FALSE(std::filesystem::exists(folder.path() / "previous"));
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
  const double first = session.trainer->run_epoch()->losses.at("total");
  EpochResult last;
  while (session.trainer->epochs_done() < 8) last = *session.trainer->run_epoch();
  CHECK(last.losses.at("total") < 0.5 * first);
  CHECK(last.learning_rate > 0);
  CHECK(session.trainer->evaluate().total() == kTest);
  const NamedArrays state = read_tensors(session.trainer->checkpoint(true));
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
      start = read_tensors(session.trainer->checkpoint(/*with_state=*/true));
      session.trainer->prepare_epoch();
      session.trainer->step();
      after[decay > 0] = read_tensors(session.trainer->checkpoint(/*with_state=*/true));
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
    CHECK(session.trainer->run_epoch()->learning_rate ==
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
    loss = session.trainer->run_epoch()->losses.at("total");
  CHECK(loss < 0.05);
}

TEST_CASE("trainer: a checkpoint of another architecture is refused by name") {
  Config config = small_config();
  Session session(config);
  NamedArrays checkpoint = read_tensors(session.trainer->checkpoint(true));
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
