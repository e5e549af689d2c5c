#include "kernels/label_posterior.h"

#include "kernels/kl_divergence.h"
#include "layers/label_posterior.h"
#include "layers/losses.h"
#include "tests/kernels/label_posterior_run.h"

namespace lanet::test {
namespace {

/// −1/B·Σ_b log Σ_y p_b(y)·channel[y][label_b]·exp(log_ratio[sample_b][y]), by itself.
double negative_log_likelihood(const LabelPosteriorTensors& in, bool with_prior) {
  const int64_t batch = in.labels.elements(), classes = in.channel.shape()[0];
  double sum = 0;
  for (int64_t b = 0; b < batch; ++b) {
    double all = 0, given = 0;
    const auto label = static_cast<int64_t>(in.labels.at(b));
    const auto sample = static_cast<int64_t>(in.samples.at(b));
    for (int64_t y = 0; y < classes; ++y) {
      const double e = std::exp(in.logits.at(b * classes + y));
      const double prior = with_prior ? std::exp(in.log_ratio.at(sample * classes + y)) : 1;
      all += e;
      given += e * in.channel.at(y * classes + label) * prior;
    }
    sum -= std::log(given / all);
  }
  return sum / static_cast<double>(batch);
}

/// The gradient of kl_divergence by the logits, of a target that stays.
OwnedTensor divergence_gradient(const OwnedTensor& target, const OwnedTensor& logits) {
  Context context;
  OwnedTensor loss({1}, DType::f64), dlogits(logits.shape(), DType::f64);
  kl_divergence(context, {.target = target, .logits = logits, .loss = loss, .dlogits = {dlogits}});
  return dlogits;
}

}  // namespace

TEST_CASE("label_posterior: f32 and bf16 follow the double definition, twice the same bits") {
  for (const DType dtype : {DType::f32, DType::bf16})
    check_label_posterior_cases(Device::cpu, dtype);
}

TEST_CASE(
    "label_posterior: the divergence from the target has the likelihood's gradient, 1.01 of it is "
    "another") {
  for (const auto& c : kLabelPosteriorCases) {
    if (c.bench || c.classes == 1) continue;  // of one class nothing depends on the logits
    for (const bool prior : {false, true}) {
      CAPTURE(c.batch);
      CAPTURE(prior);
      LabelPosteriorTensors in(c, DType::f64);
      const OwnedTensor target = run_label_posterior(Device::cpu, in, {prior, false}).target;
      const OwnedTensor gradient = divergence_gradient(target, in.logits);
      const auto loss = [&] { return negative_log_likelihood(in, prior); };
      CHECK(gradient_error(in.logits, gradient, loss) < 1e-6);
      CHECK(gradient_error(in.logits, gradient.scaled(1.01), loss) > 5e-3);
    }
  }
}

TEST_CASE("label_posterior: two classes by hand") {
  LabelPosteriorTensors in({1, 2, 1}, DType::f64);
  in.logits.fill([](int64_t i) { return i == 0 ? std::log(3.0) : 0.0; });  // p = 3/4, 1/4
  in.labels.set(0, 1);
  in.channel.fill([](int64_t i) { return i % 3 == 0 ? 0.75 : 0.25; });
  in.log_ratio.fill([](int64_t i) { return i == 0 ? 0.0 : std::log(2.0); });
  in.opinions.fill([](int64_t i) { return i == 0 ? 0.25 : 0.75; });
  in.momentum = 0.5;
  auto first = [&](const LabelTables& tables) {
    return run_label_posterior(Device::cpu, in, tables).target.at(0);
  };
  // p·channel = 3/16, 3/16; the prior doubles the second; the opinion is 1/2, 1/2.
  CHECK(first({false, false}) == doctest::Approx(1.0 / 2).epsilon(1e-14));
  CHECK(first({true, false}) == doctest::Approx(1.0 / 3).epsilon(1e-14));
  CHECK(first({false, true}) == doctest::Approx(1.0 / 4).epsilon(1e-14));
  CHECK(first({true, true}) == doctest::Approx(1.0 / 7).epsilon(1e-14));
  const LabelPosteriorTensors r = run_label_posterior(Device::cpu, in);
  CHECK(r.opinion.at(0) == doctest::Approx(0.5).epsilon(1e-14));
}

TEST_CASE("label_posterior: a label that says nothing leaves the network's own probabilities") {
  LabelPosteriorTensors in({5, 7, 9}, DType::f64);
  in.channel.fill([](int64_t) { return 1.0 / 7; });
  const LabelPosteriorTensors r = run_label_posterior(Device::cpu, in, {false, false});
  CHECK(relative_error(r.target, r.opinion) < 1e-14);
  // With no weight on the past its opinions change nothing.
  in.momentum = 0;
  const LabelPosteriorTensors now = run_label_posterior(Device::cpu, in, {false, true});
  CHECK(relative_error(now.target, r.target) < 1e-14);
}

TEST_CASE("label_posterior: excluded classes, NaN and logits far apart") {
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    CAPTURE(to_string(dtype));
    check_label_posterior_excluded(Device::cpu, dtype);
    check_label_posterior_nan(Device::cpu, dtype);
    check_label_posterior_extremes(Device::cpu, dtype);
  }
}

TEST_CASE(
    "label_posterior: without an opinion wanted the target is the same, and none is written") {
  const LabelPosteriorTensors in({5, 8, 20}, DType::f32);
  const LabelPosteriorTensors all = run_label_posterior(Device::cpu, in);
  const LabelPosteriorTensors bare = run_label_posterior(Device::cpu, in, {true, true}, false);
  CHECK(bare.target.bits_equal(all.target));
  CHECK(std::isnan(bare.opinion.at(0)));
}

TEST_CASE("label_posterior: a label, a sample or a momentum out of range is named") {
  const auto message = [](auto&& spoil, const LabelTables& tables = {true, true}) -> std::string {
    LabelPosteriorTensors in({3, 7, 5}, DType::f32);
    spoil(in);
    try {
      run_label_posterior(Device::cpu, in, tables);
    } catch (const Error& error) {
      return error.what();
    }
    return "accepted";
  };
  using In = LabelPosteriorTensors;
  const auto has = [](const std::string& text, const char* part) {
    CAPTURE(text);
    CHECK(text.find(part) != std::string::npos);
  };
  has(message([](In& in) { in.labels.set(2, 7); }), "labels[2] is 7; expected 0 to 6");
  has(message([](In& in) { in.labels.set(0, -1); }), "labels[0] is -1; expected 0 to 6");
  has(message([](In& in) { in.samples.set(1, 5); }), "sample_indices[1] is 5; expected 0 to 4");
  has(message([](In& in) { in.samples.set(1, 5); }, {true, false}), "sample_indices[1] is 5");
  has(message([](In& in) { in.samples.set(1, 5); }, {false, true}), "sample_indices[1] is 5");
  has(message([](In& in) { in.momentum = 1; }), "momentum is 1; expected 0 to below 1");
  has(message([](In& in) {
        in.channel = OwnedTensor({7, 6}, DType::f32);
      }),
      "channel is f32 [7, 6]; expected f32 [7, 7]");
  has(message([](In& in) {
        in.log_ratio = OwnedTensor({5, 6}, DType::f32);
      }),
      "log_ratio is f32 [5, 6]; expected f32 [5, 7]");
  has(message([](In& in) {
        in.opinions = OwnedTensor({5, 7}, DType::bf16);
      }),
      "opinions is bf16 [5, 7]; expected f32 [5, 7]");
}

TEST_CASE("label_posterior: its node and the distribution loss follow the likelihood") {
  Context context;
  LabelPosteriorTensors in({5, 8, 20}, DType::f64);
  OwnedTensor dlogits({5, 8}, DType::f64);
  Graph graph(Graph::Mode::training);
  const auto external = [&](const char* name, OwnedTensor& tensor,
                            OwnedTensor* gradient = nullptr) {
    return graph.external(name, tensor.shape(), tensor.dtype(), gradient != nullptr,
                          [&tensor, gradient](Value& value) {
                            value.data = tensor;
                            if (gradient) value.grad = *gradient;
                          });
  };
  Value* logits = external("logits", in.logits, &dlogits);
  auto* posterior = graph.add<LabelPosterior>(
      "posterior", logits, external("labels", in.labels), external("samples", in.samples),
      LabelEvidence{.channel = external("channel", in.channel),
                    .log_ratio = external("log_ratio", in.log_ratio)});
  auto* loss = graph.add<DistributionLoss>("loss", posterior->target(), logits, 0.5);
  for (Value* value : {posterior->target(), posterior->opinion()}) graph.keep(value);
  graph.plan(context);
  const auto step = [&] {
    graph.forward(context);
    graph.backward(context);
  };
  step();
  const LabelPosteriorTensors expected = run_label_posterior(Device::cpu, in, {true, false});
  const auto holds = [](const Value* value, const OwnedTensor& tensor) {
    return std::memcmp(value->data.data, tensor.tensor().data, tensor.tensor().bytes()) == 0;
  };
  CHECK(holds(posterior->target(), expected.target));
  CHECK(holds(posterior->opinion(), expected.opinion));
  CHECK(loss->output()->data.as<double>()[0] > 0);
  CHECK(gradient_error(in.logits, dlogits,
                       [&] { return 0.5 * negative_log_likelihood(in, true); }) < 1e-6);
}

}  // namespace lanet::test
