// The CUDA kernels of adaptive_wing against the definition in double, from the CPU tests' cases.
#include "tests/kernels/adaptive_wing_run.h"

namespace lanet::test {
namespace {

using Tensors = AdaptiveWingTensors;

constexpr DType kDTypes[] = {DType::f32, DType::bf16, DType::f64};

}  // namespace

TEST_CASE("cuda: adaptive_wing follows the double definition, set and added, twice alike") {
  if (skip_without_device()) return;
  for (const DType dtype : kDTypes) {
    for (const auto& c : kAdaptiveWingCases) {
      if (c.bench) continue;
      CAPTURE(to_string(dtype));
      CAPTURE(c.height);
      const Tensors in(c, dtype), in64 = cast_all(in, DType::f64);
      const auto start = OwnedTensor::random(in.prediction.shape(), dtype, 4, -0.1, 0.1);
      for (const OwnedTensor* s : {static_cast<const OwnedTensor*>(nullptr), &start}) {
        const int64_t shift = s ? 1 : 0;
        const Tensors fast = run(Device::cuda, in, 0.5, s, shift),
                      exact = run(Device::cpu, in64, 0.5, s);
        // The sum is in double: of f64 alone its roundings show, here and in the definition.
        const int64_t terms = dtype == DType::f64 ? in.prediction.elements() : 1;
        CHECK(relative_error(fast.loss, exact.loss) <
              rounding_bound(accumulate_dtype(dtype), terms));
        CHECK(relative_error(fast.dprediction, exact.dprediction) < rounding_bound(dtype, 1));
        const Tensors again = run(Device::cuda, in, 0.5, s, shift);
        CHECK(again.loss.bits_equal(fast.loss));
        CHECK(again.dprediction.bits_equal(fast.dprediction));
      }
    }
  }
}

TEST_CASE("cuda: adaptive_wing over more blocks than one block adds up at once") {
  if (skip_without_device()) return;
  const Tensors in({2, 120, 120, 10, 10}, DType::f32);
  const Tensors fast = run(Device::cuda, in), exact = run(Device::cpu, cast_all(in, DType::f64));
  CHECK(relative_error(fast.loss, exact.loss) < rounding_bound(DType::f32, 1));
  CHECK(relative_error(fast.dprediction, exact.dprediction) < rounding_bound(DType::f32, 1));
}

TEST_CASE("cuda: adaptive_wing: a prediction that hits its target has value and gradient 0") {
  if (skip_without_device()) return;
  check_hit(Device::cuda);
}

TEST_CASE("cuda: adaptive_wing: both branches meet at the threshold, in value and slope") {
  if (skip_without_device()) return;
  check_threshold(Device::cuda);
}

TEST_CASE("cuda: adaptive_wing: weight 0 gives nothing, yet the mean divides by all elements") {
  if (skip_without_device()) return;
  Tensors in({2, 3, 5, 7, 7}, DType::f64);
  const Tensors all = run(Device::cpu, in);
  in.weight.fill([weight = in.weight](int64_t i) { return i < 105 ? weight.at(i) : 0.0; });
  const Tensors half = run(Device::cuda, in), exact = run(Device::cpu, in);
  CHECK(half.loss.at(0) == doctest::Approx(exact.loss.at(0)).epsilon(1e-12));
  CHECK(half.loss.at(0) < all.loss.at(0));
  for (int64_t i = 0; i < 210; ++i) {
    if (i < 105)
      CHECK(half.dprediction.at(i) == doctest::Approx(all.dprediction.at(i)).epsilon(1e-12));
    else
      CHECK(half.dprediction.at(i) == 0.0);
  }
}

TEST_CASE("cuda: adaptive_wing: channels of padding are not read, and have gradient 0") {
  if (skip_without_device()) return;
  for (const DType dtype : kDTypes) {
    CAPTURE(to_string(dtype));
    const Tensors plain({2, 3, 5, 7, 7}, dtype);
    Tensors padded({2, 3, 5, 7, 8}, dtype);
    padded.prediction.fill(
        [&](int64_t i) { return i % 8 < 7 ? plain.prediction.at(i / 8 * 7 + i % 8) : NAN; });
    const Tensors r = run(Device::cuda, padded), expected = run(Device::cuda, plain);
    CHECK(r.loss.bits_equal(expected.loss));
    for (int64_t i = 0; i < r.dprediction.elements(); ++i)
      CHECK(r.dprediction.at(i) == (i % 8 < 7 ? expected.dprediction.at(i / 8 * 7 + i % 8) : 0.0));
  }
}

TEST_CASE("cuda: adaptive_wing: the value alone is the same, NaN is kept") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::f64}) {
    Tensors in({2, 3, 5, 7, 7}, dtype);
    Context context(Device::cuda);
    context.reserve_workspace(adaptive_wing_workspace_bytes(in.target.shape()));
    const Tensors t = upload_all(context, in);
    AdaptiveWingArgs args = t.args();
    args.dprediction = {};
    adaptive_wing(context, args);
    CHECK(t.loss.download().bits_equal(run(Device::cuda, in).loss));
    in.prediction.set(100, std::nan(""));
    const Tensors broken = run(Device::cuda, in);
    CHECK(std::isnan(broken.loss.at(0)));
    CHECK(std::isnan(broken.dprediction.at(100)));
    CHECK(!std::isnan(broken.dprediction.at(101)));
  }
}

}  // namespace lanet::test
