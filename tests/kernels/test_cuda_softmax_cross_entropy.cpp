// The CUDA kernel of softmax_cross_entropy against the definition in double, from the CPU tests'
// cases.
#include "kernels/class_loss_cases.h"
#include "tests/device_test.h"

namespace lanet::test {
namespace {

using Tensors = SoftmaxCrossEntropyTensors;

Tensors run(Device device, const Tensors& in) {
  Context context(device);
  Tensors t = upload_all(context, in);
  softmax_cross_entropy(context, t.args());
  return download_all(std::move(t));
}

void check(DType dtype, const ClassLossCase& c) {
  CAPTURE(to_string(dtype));
  CAPTURE(c.batch);
  CAPTURE(c.classes);
  const double value = rounding_bound(accumulate_dtype(dtype), c.batch, 2);
  const double gradient = rounding_bound(dtype, c.classes, 2);
  for (const bool add : {false, true}) {
    for (const double smoothing : {0.0, 0.1}) {
      CAPTURE(add);
      CAPTURE(smoothing);
      Tensors in(c, dtype, add);
      in.scale = 0.5;
      in.smoothing = smoothing;
      const Tensors fast = run(Device::cuda, in),
                    exact = run(Device::cpu, cast_all(in, DType::f64)),
                    again = run(Device::cuda, in);
      CHECK(relative_error(fast.loss, exact.loss) < value);
      CHECK(relative_error(fast.dlogits, exact.dlogits) < gradient);
      CHECK(again.loss.bits_equal(fast.loss));
      CHECK(again.dlogits.bits_equal(fast.dlogits));
    }
  }
}

}  // namespace

TEST_CASE("cuda: softmax_cross_entropy follows the double definition, set and added") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    for (const auto& c : kClassLossCases)
      if (!c.bench) check(dtype, c);
    check(dtype, {3, 70});  // more classes than lanes of a warp
  }
}

TEST_CASE("cuda: softmax_cross_entropy: the value alone is the same, huge logits do not overflow") {
  if (skip_without_device()) return;
  Tensors in({1, 3}, DType::f32);
  in.logits.fill([](int64_t i) { return 1e4 * i; });
  in.labels.set(0, 1);
  const Tensors r = run(Device::cuda, in);
  CHECK(r.loss.at(0) == doctest::Approx(1e4));
  CHECK(r.dlogits.at(0) == 0.0);
  CHECK(r.dlogits.at(1) == -1.0);
  CHECK(r.dlogits.at(2) == 1.0);
  Context context(Device::cuda);
  const Tensors its = upload_all(context, in);
  SoftmaxCrossEntropyArgs args = its.args();
  args.dlogits = {};
  softmax_cross_entropy(context, args);
  CHECK(its.loss.download().bits_equal(r.loss));
}

TEST_CASE("cuda: softmax_cross_entropy: the largest logit counts wherever it stands") {
  if (skip_without_device()) return;
  Tensors in({1, 70}, DType::f32);
  in.labels.set(0, 1);
  for (const int64_t largest : {0, 31, 32, 69}) {
    CAPTURE(largest);
    in.logits.fill([&](int64_t c) { return c == largest ? 1e4 : 0.0; });
    CHECK(run(Device::cuda, in).loss.at(0) == doctest::Approx(1e4));
  }
}

TEST_CASE("cuda: softmax_cross_entropy: a class of logit −∞ costs nothing, unless smoothed") {
  if (skip_without_device()) return;
  Tensors in({1, 3}, DType::f32);
  in.logits.fill([](int64_t c) { return c == 2 ? -std::numeric_limits<double>::infinity() : 0.0; });
  in.labels.set(0, 1);
  const Tensors r = run(Device::cuda, in);
  CHECK(r.loss.at(0) == doctest::Approx(std::log(2.0)));
  CHECK(r.dlogits.at(2) == 0.0);
  in.smoothing = 0.1;
  CHECK(std::isinf(run(Device::cuda, in).loss.at(0)));
}

TEST_CASE("cuda: softmax_cross_entropy: a label that is no class makes the loss NaN") {
  if (skip_without_device()) return;
  Tensors in({2, 7}, DType::f32);
  for (const int bad : {-1, 7, std::numeric_limits<int>::min()}) {
    in.labels.fill([&](int64_t b) { return b == 0 ? 0 : bad; });
    for (const double smoothing : {0.0, 0.1}) {
      in.smoothing = smoothing;
      CHECK(std::isnan(run(Device::cuda, in).loss.at(0)));
    }
  }
}

}  // namespace lanet::test
