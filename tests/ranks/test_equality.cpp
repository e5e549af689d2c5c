// Several ranks train as one does with the same batch: the trainer on a few drawn faces, all ranks
// together, against rank 0 by itself.
#include <doctest/doctest.h>

#include <array>
#include <cmath>

#include "core/hash.h"
#include "core/parameter_io.h"
#include "tests/ranks/world.h"
#include "tests/train/small_training.h"

namespace lanet::test {
namespace {

Config ranks_config(const std::string& method, const std::string& dtype) {
  Config config = small_config(method);
  config.train.dtype = choice_from<DTypeSetting>(dtype);
  config.train.batch = 8;  // the last 4 of 36 faces are dropped
  config.train.epochs = 10;
  return config;
}

/// What a training left.
struct Trained {
  std::vector<std::map<std::string, double>> losses;  // of each step
  NamedArrays state;
  std::map<std::string, double> gradient_norms;  // of the first step
  std::vector<int64_t> confusion;
};

/// The losses of the step that was just done, over all ranks.
std::map<std::string, double> losses_of(Session& session) {
  std::map<std::string, double> losses;
  for (const NamedLoss& term : session.trainer->model().losses()) {
    for (const Value* part : term.parts) {
      session.context.communicator().all_reduce(session.context, std::array{part->data},
                                                Reduction::mean);
      losses[term.name] += read_tensor(session.context, part->data)[0];
    }
  }
  return losses;
}

Trained train(const Config& config, int steps, int threads, Communicator* communicator) {
  Session session(config, threads, Device::cpu, /*capture=*/true, communicator);
  Trained trained;
  // By steps: an epoch's table of losses is read once, when the epoch is over.
  for (int step = 0; step < steps; ++step) {
    if (step % session.trainer->steps_per_epoch() == 0) session.trainer->prepare_epoch();
    session.trainer->step();
    trained.losses.push_back(losses_of(session));
    if (step > 0) continue;
    const ParameterStore& store = session.trainer->model().store();
    for (const Parameter& p : store.parameters()) {
      if (!p.trained) continue;
      double squares = 0;
      for (const double g : read_tensor(session.context, store.gradient(p))) squares += g * g;
      trained.gradient_norms[p.name] = std::sqrt(squares);
    }
  }
  trained.state = read_tensors(session.trainer->checkpoint(/*with_state=*/true));
  const Confusion confusion = session.trainer->evaluate();
  trained.confusion.assign(confusion.counts().begin(), confusion.counts().end());
  return trained;
}

/// The largest |a/b − 1| of the losses of step `step`.
double loss_difference(const Trained& a, const Trained& b, int step) {
  double largest = 0;
  for (const auto& [name, loss] : b.losses[step])
    largest = std::max(largest, std::abs(a.losses[step].at(name) / loss - 1));
  return largest;
}

/// The largest max|a − b| / max|b| over all arrays of the state.
double state_difference(const Trained& a, const Trained& b) {
  double worst = 0;
  for (const auto& [name, array] : b.state.arrays) {
    const std::vector<double> x = a.state.arrays.at(name).to<double>(), y = array.to<double>();
    double difference = 0, largest = 0;
    for (size_t i = 0; i < y.size(); ++i) {
      difference = std::max(difference, std::abs(x[i] - y[i]));
      largest = std::max(largest, std::abs(y[i]));
    }
    if (difference > 0) worst = std::max(worst, difference / largest);
  }
  return worst;
}

bool same_on_all_ranks(const Trained& trained) {
  uint64_t hash = 0;
  for (const auto& [name, array] : trained.state.arrays)
    hash =
        hash * 31 + fnv1a({reinterpret_cast<const char*>(array.bytes.data()), array.bytes.size()});
  Context context;
  const std::vector<std::string> all = world().gather_text(context, std::to_string(hash));
  return std::count(all.begin(), all.end(), all[0]) == std::ssize(all);
}

}  // namespace

TEST_CASE("ranks: in f64 the steps are those of one rank") {
  const int lanet_steps = world().size() > 2 ? 30 : 12;  // four ranks are a long test
  const std::map<std::string, int> runs = {
      {"lanet", lanet_steps}, {"robust", 8}, {"baseline", 8}, {"elr", 12}};
  for (const auto& [method, steps] : runs) {
    CAPTURE(method);
    const Config config = ranks_config(method, "f64");
    const Trained together = train(config, steps, 1, &world());
    CHECK(same_on_all_ranks(together));
    if (world().rank() != 0) continue;
    const Trained alone = train(config, steps, 0, nullptr);
    double largest = 0;
    for (int step = 0; step < steps; ++step) {
      CAPTURE(step);
      largest = std::max(largest, loss_difference(together, alone, step));
      CHECK(loss_difference(together, alone, step) < 1e-10);
    }
    CHECK(state_difference(together, alone) < 1e-7);
    CHECK(together.confusion == alone.confusion);
    MESSAGE(method, ", f64, ", world().size(), " ranks: losses of ", steps, " steps within ",
            largest, ", state within ", state_difference(together, alone));
  }
}

TEST_CASE("ranks: in f32 the first step is that of one rank to rounding") {
  const Config config = ranks_config("lanet", "f32");
  constexpr int kSteps = 5;
  const Trained together = train(config, kSteps, 1, &world());
  CHECK(same_on_all_ranks(together));
  if (world().rank() != 0) return;
  const Trained alone = train(config, kSteps, 1, nullptr),
                reordered = train(config, kSteps, 2, nullptr);
  CHECK(loss_difference(together, alone, 0) < 1e-5);
  for (const auto& [name, norm] : alone.gradient_norms) {
    CAPTURE(name);
    CHECK(together.gradient_norms.at(name) == doctest::Approx(norm).epsilon(1e-3));
  }
  MESSAGE("f32, ", world().size(), " ranks: losses of step ", kSteps, " differ by ",
          loss_difference(together, alone, kSteps - 1), "; those of one rank with two threads by ",
          loss_difference(reordered, alone, kSteps - 1));
}

TEST_CASE("ranks: a step has at most 48 collectives beside its gradient buckets") {
  Config config = ranks_config("lanet", "f32");
  Session session(config, 1, Device::cpu, /*capture=*/true, &world());
  session.trainer->prepare_epoch();
  std::vector<Collective> log;
  world().set_log(&log);
  session.trainer->step();
  world().set_log(nullptr);
  const auto buckets = std::count_if(log.begin(), log.end(), [](const Collective& c) {
    return c.kind == Collective::Kind::bucket;
  });
  const auto others = std::ssize(log) - buckets;
  CHECK(buckets > 1);
  CHECK(others > 30);  // one a batch norm and direction at least
  CHECK(others <= 48);
  if (world().rank() == 0)
    MESSAGE(others, " collectives and ", buckets, " gradient buckets a step");
}

}  // namespace lanet::test
