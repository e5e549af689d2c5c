// The CUDA kernels of adaptive_wing against the definition in double, from the CPU tests' cases.
#include "kernels/adaptive_wing.h"
#include "kernels/adaptive_wing_cases.h"
#include "tests/device_test.h"

namespace lanet::test {
namespace {

constexpr DType kDTypes[] = {DType::f32, DType::bf16, DType::f64};

struct Inputs {
  OwnedTensor prediction, target, weight;

  Inputs cast(DType dtype) const {
    return {prediction.cast(dtype), target.cast(accumulate_dtype(dtype)),
            weight.cast(accumulate_dtype(dtype))};
  }
};

/// Distances on both sides of θ, and on both sides of 0.
Inputs inputs(const AdaptiveWingCase& c, DType dtype) {
  const Shape shape{c.batch, c.height, c.width, c.landmarks},
      predicted{c.batch, c.height, c.width, c.channels};
  const DType sums = accumulate_dtype(dtype);
  return {OwnedTensor::random(predicted, dtype, 1, -1, 2),
          OwnedTensor::random(shape, sums, 2, 0, 1), OwnedTensor::random(shape, sums, 3, 0, 10)};
}

struct Run {
  OwnedTensor loss, dprediction;
};

/// shift: of the images, in elements.
Run run(Device device, const Inputs& in, double scale = 1, const OwnedTensor* start = nullptr,
        int64_t shift = 0) {
  Context context(device);
  const DType dtype = in.prediction.dtype();
  const Shape shape = in.prediction.shape();
  context.reserve_workspace(adaptive_wing_workspace_bytes(in.target.shape()));
  const OwnedTensor prediction(context, in.prediction, shift), target(context, in.target, shift),
      weight(context, in.weight, shift), loss(context, OwnedTensor({1}, accumulate_dtype(dtype))),
      dprediction(context, start ? start->cast(dtype) : OwnedTensor(shape, dtype), shift);
  context.freeze();
  adaptive_wing(context, {.prediction = prediction,
                          .target = target,
                          .weight = weight,
                          .loss = loss,
                          .dprediction = {dprediction, start != nullptr},
                          .scale = scale});
  return {loss.download(), dprediction.download()};
}

/// One element with this prediction and target, weight 1.
Run run_one(double prediction, double target, DType dtype) {
  const DType sums = accumulate_dtype(dtype);
  Inputs in{OwnedTensor({1, 1, 1, 1}, dtype), OwnedTensor({1, 1, 1, 1}, sums),
            OwnedTensor({1, 1, 1, 1}, sums)};
  in.prediction.set(0, prediction);
  in.target.set(0, target);
  in.weight.set(0, 1);
  return run(Device::cuda, in);
}

}  // namespace

TEST_CASE("cuda: adaptive_wing follows the double definition, set and added, twice alike") {
  if (skip_without_device()) return;
  for (const DType dtype : kDTypes) {
    for (const auto& c : kAdaptiveWingCases) {
      if (c.bench) continue;
      CAPTURE(to_string(dtype));
      CAPTURE(c.height);
      const Inputs in = inputs(c, dtype), in64 = in.cast(DType::f64);
      const auto start = OwnedTensor::random(in.prediction.shape(), dtype, 4, -0.1, 0.1);
      for (const OwnedTensor* s : {static_cast<const OwnedTensor*>(nullptr), &start}) {
        const int64_t shift = s ? 1 : 0;
        const Run fast = run(Device::cuda, in, 0.5, s, shift),
                  exact = run(Device::cpu, in64, 0.5, s);
        // The sum is in double: of f64 alone its roundings show, here and in the definition.
        const int64_t terms = dtype == DType::f64 ? in.prediction.elements() : 1;
        CHECK(relative_error(fast.loss, exact.loss) <
              rounding_bound(accumulate_dtype(dtype), terms));
        CHECK(relative_error(fast.dprediction, exact.dprediction) < rounding_bound(dtype, 1));
        const Run again = run(Device::cuda, in, 0.5, s, shift);
        CHECK(again.loss.bits_equal(fast.loss));
        CHECK(again.dprediction.bits_equal(fast.dprediction));
      }
    }
  }
}

TEST_CASE("cuda: adaptive_wing over more blocks than one block adds up at once") {
  if (skip_without_device()) return;
  const Inputs in = inputs({2, 120, 120, 10, 10}, DType::f32);
  const Run fast = run(Device::cuda, in), exact = run(Device::cpu, in.cast(DType::f64));
  CHECK(relative_error(fast.loss, exact.loss) < rounding_bound(DType::f32, 1));
  CHECK(relative_error(fast.dprediction, exact.dprediction) < rounding_bound(DType::f32, 1));
}

TEST_CASE("cuda: adaptive_wing: a prediction that hits its target has value and gradient 0") {
  if (skip_without_device()) return;
  for (const DType dtype : kDTypes) {
    for (const double target : {0.0, 0.5, 1.0}) {
      const Run r = run_one(target, target, dtype);
      CHECK(std::abs(r.loss.at(0)) < 1e-20);
      CHECK(r.dprediction.at(0) == 0.0);
    }
  }
}

TEST_CASE("cuda: adaptive_wing: both branches meet at the threshold, in value and slope") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::f64}) {
    const double near = dtype == DType::f32 ? 1e-6 : 1e-12;
    for (const double target : {0.0, 0.25, 1.0}) {
      const Run at = run_one(target - 0.5, target, dtype);
      const Run below = run_one(target - 0.5 + near, target, dtype);
      CHECK(below.loss.at(0) == doctest::Approx(at.loss.at(0)).epsilon(10 * near));
      CHECK(below.dprediction.at(0) == doctest::Approx(at.dprediction.at(0)).epsilon(10 * near));
      // The slope of the second branch, from the contract.
      const double exponent = 2.1 - target, power = std::pow(0.5, exponent);
      const double slope = 14 / (1 + power) * exponent * std::pow(0.5, exponent - 1);
      CHECK(-at.dprediction.at(0) == doctest::Approx(slope).epsilon(1e-6));
      const Run far = run_one(target + 3, target, dtype);
      CHECK(far.dprediction.at(0) == doctest::Approx(slope).epsilon(1e-6));
      CHECK(far.loss.at(0) == doctest::Approx(at.loss.at(0) + 2.5 * slope).epsilon(1e-6));
    }
  }
}

TEST_CASE("cuda: adaptive_wing: weight 0 gives nothing, yet the mean divides by all elements") {
  if (skip_without_device()) return;
  Inputs in = inputs({2, 3, 5, 7, 7}, DType::f64);
  const Run all = run(Device::cpu, in);
  in.weight.fill([weight = in.weight](int64_t i) { return i < 105 ? weight.at(i) : 0.0; });
  const Run half = run(Device::cuda, in), exact = run(Device::cpu, in);
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
    const Inputs plain = inputs({2, 3, 5, 7, 7}, dtype);
    Inputs padded = inputs({2, 3, 5, 7, 8}, dtype);
    padded.prediction.fill(
        [&](int64_t i) { return i % 8 < 7 ? plain.prediction.at(i / 8 * 7 + i % 8) : NAN; });
    const Run r = run(Device::cuda, padded), expected = run(Device::cuda, plain);
    CHECK(r.loss.bits_equal(expected.loss));
    for (int64_t i = 0; i < r.dprediction.elements(); ++i)
      CHECK(r.dprediction.at(i) == (i % 8 < 7 ? expected.dprediction.at(i / 8 * 7 + i % 8) : 0.0));
  }
}

TEST_CASE("cuda: adaptive_wing: the value alone is the same, NaN is kept") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::f64}) {
    Inputs in = inputs({2, 3, 5, 7, 7}, dtype);
    Context context(Device::cuda);
    context.reserve_workspace(adaptive_wing_workspace_bytes(in.target.shape()));
    const OwnedTensor prediction(context, in.prediction), target(context, in.target),
        weight(context, in.weight), loss(context, OwnedTensor({1}, dtype));
    adaptive_wing(context,
                  {.prediction = prediction, .target = target, .weight = weight, .loss = loss});
    CHECK(loss.download().bits_equal(run(Device::cuda, in).loss));
    in.prediction.set(100, std::nan(""));
    const Run broken = run(Device::cuda, in);
    CHECK(std::isnan(broken.loss.at(0)));
    CHECK(std::isnan(broken.dprediction.at(100)));
    CHECK(!std::isnan(broken.dprediction.at(101)));
  }
}

}  // namespace lanet::test
