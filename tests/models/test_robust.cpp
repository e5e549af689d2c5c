// The robust recipe: the gradient of a whole step, in double, against central differences of its
// likelihood; what becomes of the opinions; and what its estimates are made of. The same of the
// shape network.
#include "models/robust.h"

#include <cmath>

#include "models/shape_network.h"
#include "tests/models/tiny_step.h"

namespace lanet::test {
namespace {

const std::vector<int32_t> kGiven{0, 1, 2, 1};  // of the batch
const std::vector<double> kChannel{0.7, 0.2, 0.1, 0.1, 0.8, 0.1, 0.25, 0.15, 0.6};

RobustConfig tiny_config(double opinion_momentum) {
  return {.classes = kClasses,
          .image_size = 64,
          .batch = kBatch,
          .samples = kSamples,
          .opinion_momentum = opinion_momentum};
}

LabelKnowledge knowledge() {
  return {.channel = kChannel,
          .prior = {0.5, 0.3, 0.2},
          .log_ratio = random_values(kSamples * kClasses, 3, -1, 1)};
}

std::vector<double> softmax(const OwnedTensor& logits) {
  std::vector<double> p;
  for (int64_t b = 0; b < kBatch; ++b) {
    double all = 0;
    for (int64_t c = 0; c < kClasses; ++c) all += std::exp(logits.at(b * kClasses + c));
    for (int64_t c = 0; c < kClasses; ++c) p.push_back(std::exp(logits.at(b * kClasses + c)) / all);
  }
  return p;
}

/// p·channel·ratio of a sample with this label, without its normalisation.
double joint(double p, int64_t sample, int32_t label, int64_t c) {
  return p * kChannel[c * kClasses + label] *
         std::exp(knowledge().log_ratio[sample * kClasses + c]);
}

/// −1/B·Σ_b log Σ_y p_b(y)·channel[y][label_b]·ratio_b(y)
double negative_log_likelihood(const OwnedTensor& logits) {
  const std::vector<double> p = softmax(logits);
  double sum = 0;
  for (int64_t b = 0; b < kBatch; ++b) {
    double likelihood = 0;
    for (int64_t c = 0; c < kClasses; ++c)
      likelihood +=
          joint(p[b * kClasses + c], static_cast<int64_t>(kBatchSamples[b]), kGiven[b], c);
    sum -= std::log(likelihood) / kBatch;
  }
  return sum;
}

}  // namespace

TEST_CASE("robust: without a bank the gradient of a whole step is that of the likelihood") {
  TinyStep<Robust> tiny(tiny_config(0));
  tiny.model.initialise_state(tiny.context, {.knowledge = knowledge()});
  check_gradient(tiny, [&] { return negative_log_likelihood(tiny.logits()); });
}

TEST_CASE("robust: opinions start as the prior, and those of the batch follow the predictions") {
  constexpr double kMomentum = 0.9;
  TinyStep<Robust> tiny(tiny_config(kMomentum));
  tiny.model.initialise_state(tiny.context, {.knowledge = knowledge()});
  const NamedState opinions = tiny.model.state().back();
  REQUIRE(opinions.name == "opinions");
  std::vector<double> expected;
  for (int64_t i = 0; i < kSamples; ++i)
    for (const double p : knowledge().prior) expected.push_back(p);
  CHECK(read_tensor(tiny.context, opinions.tensor) == expected);

  tiny.model.set_step(tiny.context, 1, /*learning_rate=*/0);
  tiny.model.step(tiny.context);
  const std::vector<double> p = softmax(tiny.logits());
  for (int64_t b = 0; b < kBatch; ++b)
    for (int64_t c = 0; c < kClasses; ++c) {
      double& opinion = expected[static_cast<int64_t>(kBatchSamples[b]) * kClasses + c];
      opinion = kMomentum * opinion + (1 - kMomentum) * p[b * kClasses + c];
    }
  const std::vector<double> found = read_tensor(tiny.context, opinions.tensor);
  for (size_t i = 0; i < found.size(); ++i)
    CHECK(found[i] == doctest::Approx(expected[i]).epsilon(1e-12));
}

TEST_CASE("robust: estimates are the posterior of opinion, label and shape") {
  TinyStep<Robust> tiny(tiny_config(0.5));
  tiny.model.initialise_state(tiny.context, {.knowledge = knowledge()});
  tiny.model.set_step(tiny.context, 1, /*learning_rate=*/0);
  tiny.model.step(tiny.context);
  const std::vector<double> opinions = read_tensor(tiny.context, tiny.model.state().back().tensor);
  const std::vector<int32_t> given{1, 1, 0, 2, 0, 2};
  const std::vector<double> estimates = tiny.model.label_estimates(tiny.context, given);
  REQUIRE(std::ssize(estimates) == kSamples * kClasses);
  for (int64_t i = 0; i < kSamples; ++i) {
    double all = 0;
    for (int64_t c = 0; c < kClasses; ++c) all += joint(opinions[i * kClasses + c], i, given[i], c);
    for (int64_t c = 0; c < kClasses; ++c)
      CHECK(
          estimates[i * kClasses + c] ==
          doctest::Approx(joint(opinions[i * kClasses + c], i, given[i], c) / all).epsilon(1e-12));
  }
}

TEST_CASE("robust: knowledge of another number of samples is refused") {
  TinyStep<Robust> tiny(tiny_config(0.5));
  LabelKnowledge wrong = knowledge();
  wrong.log_ratio.pop_back();
  CHECK_THROWS_AS(tiny.model.initialise_state(tiny.context, {.knowledge = wrong}), Error);
}

TEST_CASE("shape network: its gradient is that of the likelihood, dropout and all") {
  constexpr int64_t kDimensions = 5;
  Context context;
  ParameterStore store(DType::f64, Device::cpu);
  ShapeNetwork network(store, {.dimensions = kDimensions,
                               .classes = kClasses,
                               .hidden1 = 9,
                               .hidden2 = 6,
                               .batch = kBatch,
                               .seed = 3});
  store.allocate(context, /*for_training=*/true);
  network.plan(context);
  store.initialise(context, /*seed=*/5);
  network.set_channel(context, kChannel);
  const std::vector<double> shapes = random_values(kBatch * kDimensions, 4, -2, 2);
  const auto likelihood = [&] {
    write_tensor(context, network.inputs().images->data, shapes);
    upload(context, network.inputs().labels->data, kGiven);
    network.set_dropout_step(context, 7);
    network.graph().forward(context);
    OwnedTensor logits({kBatch, kClasses}, DType::f64);
    logits.fill([&](int64_t i) { return network.logits()->data.as<double>()[i]; });
    const std::vector<double> p = softmax(logits);
    double sum = 0;
    for (int64_t b = 0; b < kBatch; ++b) {
      double given = 0;
      for (int64_t c = 0; c < kClasses; ++c)
        given += p[b * kClasses + c] * kChannel[c * kClasses + kGiven[b]];
      sum -= std::log(given) / kBatch;
    }
    return sum;
  };
  likelihood();
  network.graph().backward(context);
  for (const Parameter& p : store.parameters()) {
    CAPTURE(p.name);
    const std::vector<double> gradient = read_tensor(context, store.gradient(p));
    std::vector<double> values = read_tensor(context, store.master(p));
    double largest = 0, worst = 0;
    for (size_t i = 0; i < values.size(); ++i) {
      const double value = values[i];
      const auto at = [&](double moved) {
        values[i] = moved;
        write_tensor(context, store.master(p), values);
        return likelihood();
      };
      const double numeric = (at(value + 1e-6) - at(value - 1e-6)) / 2e-6;
      at(value);
      largest = std::max(largest, std::abs(numeric));
      worst = std::max(worst, std::abs(numeric - gradient[i]));
    }
    CHECK(largest > 0);
    CHECK(worst < 1e-6 * std::max(largest, 1e-2));
  }
}

}  // namespace lanet::test
