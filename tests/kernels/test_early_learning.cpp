#include "kernels/early_learning.h"

#include "layers/early_learning.h"
#include "tests/kernels/early_learning_run.h"

namespace lanet::test {

TEST_CASE("early_learning: f32 and bf16 follow the double definition, set and added") {
  for (const DType dtype : {DType::f32, DType::bf16})
    check_early_learning_cases(Device::cpu, dtype);
}

TEST_CASE(
    "early_learning: the gradient is that of the loss with targets that stay, 1.01 of it is "
    "another") {
  int64_t clamped = 0;
  for (const auto& c : kEarlyLearningCases) {
    if (c.bench) continue;
    CAPTURE(c.batch);
    EarlyLearningTensors in(c, DType::f64, 4);
    const EarlyLearningTensors r = run_early_learning(Device::cpu, in);
    const auto loss = [&] { return regulariser(in.logits, r.target); };
    CHECK(r.loss.at(0) == doctest::Approx(loss()).epsilon(1e-13));
    CHECK(gradient_error(in.logits, r.dlogits, loss) < 1e-7);
    CHECK(gradient_error(in.logits, r.dlogits.scaled(1.01), loss) > 5e-3);
    for (int64_t b = 0; b < c.batch; ++b) {
      double all = 0;
      for (int64_t k = 0; k < c.classes; ++k) all += std::exp(in.logits.at(b * c.classes + k));
      for (int64_t k = 0; k < c.classes; ++k)
        clamped += std::exp(in.logits.at(b * c.classes + k)) < 1e-4 * all;
    }
  }
  CHECK(clamped > 3);  // of the 70 classes some
}

TEST_CASE("early_learning: two classes by hand, on a first visit and on a second") {
  EarlyLearningTensors in({1, 2, 1}, DType::f64);
  in.logits.fill([](int64_t c) { return c == 0 ? std::log(3.0) : 0.0; });  // p = 3/4, 1/4
  in.targets.fill([](int64_t) { return 0.0; });
  const EarlyLearningTensors first = run_early_learning(Device::cpu, in, 3);
  // 3/10 of p: its product with p is 3/10·(9/16 + 1/16).
  CHECK(first.target.at(0) == doctest::Approx(0.225).epsilon(1e-14));
  CHECK(first.target.at(1) == doctest::Approx(0.075).epsilon(1e-14));
  CHECK(first.loss.at(0) == doctest::Approx(std::log(1 - 0.1875)).epsilon(1e-14));
  // scale·p0·p1·(g0 − g1)
  const double slope = -3 * 0.1875 * (0.225 - 0.075) / (1 - 0.1875);
  CHECK(first.dlogits.at(0) == doctest::Approx(slope).epsilon(1e-13));
  CHECK(first.dlogits.at(1) == doctest::Approx(-slope).epsilon(1e-13));
  in.targets = first.target;
  in.logits.fill([](int64_t) { return 0.0; });
  const EarlyLearningTensors second = run_early_learning(Device::cpu, in);
  CHECK(second.target.at(0) == doctest::Approx(0.7 * 0.225 + 0.15).epsilon(1e-14));
  CHECK(second.target.at(1) == doctest::Approx(0.7 * 0.075 + 0.15).epsilon(1e-14));
}

TEST_CASE("early_learning: clamped probabilities and NaN") {
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    CAPTURE(to_string(dtype));
    check_early_learning_clamped(Device::cpu, dtype);
    check_early_learning_partly_clamped(Device::cpu, dtype);
    check_early_learning_nan(Device::cpu, dtype);
  }
}

TEST_CASE("early_learning: without a gradient wanted, value and target are the same") {
  const EarlyLearningTensors in({5, 8, 20}, DType::f32);
  const EarlyLearningTensors all = run_early_learning(Device::cpu, in),
                             bare = run_early_learning(Device::cpu, in, 1, nullptr, false);
  CHECK(bare.loss.bits_equal(all.loss));
  CHECK(bare.target.bits_equal(all.target));
  CHECK(std::isnan(bare.dlogits.at(0)));
}

TEST_CASE("early_learning: what does not fit is named") {
  const auto message = [](auto&& spoil) -> std::string {
    EarlyLearningTensors in({3, 7, 5}, DType::f32);
    spoil(in);
    try {
      run_early_learning(Device::cpu, in);
    } catch (const Error& error) {
      return error.what();
    }
    return "accepted";
  };
  using In = EarlyLearningTensors;
  const auto has = [](const std::string& text, const char* part) {
    CAPTURE(text);
    CHECK(text.find(part) != std::string::npos);
  };
  has(message([](In& in) { in.samples.set(1, 5); }), "sample_indices[1] is 5; expected 0 to 4");
  has(message([](In& in) { in.samples.set(2, -1); }), "sample_indices[2] is -1; expected 0 to 4");
  has(message([](In& in) { in.momentum = 1; }), "momentum is 1; expected 0 to below 1");
  has(message([](In& in) { in.momentum = EarlyLearningArgs{}.momentum; }),
      "early_learning: momentum is not given");
  has(message([](In& in) {
        in.targets = OwnedTensor({5, 6}, DType::f32);
      }),
      "targets is f32 [5, 6]; expected f32 [5, 7]");
}

TEST_CASE("early_learning: its node has the operation's loss, target and weighted gradient") {
  Context context;
  EarlyLearningTensors in({5, 8, 20}, DType::f64);
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
  auto* loss = graph.add<EarlyLearningLoss>("loss", external("logits", in.logits, &dlogits),
                                            external("samples", in.samples),
                                            external("targets", in.targets), in.momentum, 3.0);
  graph.keep(loss->target());
  graph.plan(context);
  graph.forward(context);
  graph.backward(context);
  const EarlyLearningTensors expected = run_early_learning(Device::cpu, in, 3);
  const auto holds = [](const Value* value, const OwnedTensor& tensor) {
    return std::memcmp(value->data.data, tensor.tensor().data, tensor.tensor().bytes()) == 0;
  };
  CHECK(holds(loss->output(), expected.loss));
  CHECK(holds(loss->target(), expected.target));
  CHECK(dlogits.bits_equal(expected.dlogits));
}

}  // namespace lanet::test
