#include "kernels/adaptive_wing_ref.h"
#include "tests/golden.h"
#include "tests/kernels/adaptive_wing_run.h"

namespace lanet::test {

using Tensors = AdaptiveWingTensors;

TEST_CASE("adaptive_wing: gradient agrees with central differences, and 1.01 of it does not") {
  for (const auto& c : kAdaptiveWingCases) {
    if (c.batch * c.height * c.width * c.landmarks > 1000) continue;
    Tensors in(c, DType::f64);
    auto dprediction = run(Device::cpu, in).dprediction;
    auto loss = [&] { return run(Device::cpu, in).loss.at(0); };
    CHECK(gradient_error(in.prediction, dprediction, loss) < 1e-6);
    dprediction = dprediction.scaled(1.01);
    CHECK(gradient_error(in.prediction, dprediction, loss) > 5e-3);
  }
}

TEST_CASE("adaptive_wing: f32 and bf16 follow the double definition, set and added, twice alike") {
  for (const DType dtype : {DType::f32, DType::bf16}) {
    for (const auto& c : kAdaptiveWingCases) {
      if (c.bench) continue;
      CAPTURE(to_string(dtype));
      CAPTURE(c.height);
      const Tensors in(c, dtype), in64 = cast_all(in, DType::f64);
      const auto start = OwnedTensor::random(in.prediction.shape(), dtype, 4, -0.1, 0.1);
      for (const OwnedTensor* s : {static_cast<const OwnedTensor*>(nullptr), &start}) {
        const Tensors fast = run(Device::cpu, in, 0.5, s), exact = run(Device::cpu, in64, 0.5, s);
        CHECK(relative_error(fast.loss, exact.loss) < rounding_bound(DType::f32, 1));
        CHECK(relative_error(fast.dprediction, exact.dprediction) < rounding_bound(dtype, 1));
        const Tensors again = run(Device::cpu, in, 0.5, s);
        CHECK(again.loss.bits_equal(fast.loss));
        CHECK(again.dprediction.bits_equal(fast.dprediction));
      }
    }
  }
}

TEST_CASE("adaptive_wing: the same bits for any number of threads") {
  const Tensors in({3, 16, 17, 19, 19}, DType::f32);
  const Tensors one = run(Device::cpu, in, 1, nullptr, 0, 1);
  for (const int threads : {2, 3, 5}) {
    const Tensors other = run(Device::cpu, in, 1, nullptr, 0, threads);
    CHECK(other.loss.bits_equal(one.loss));
    CHECK(other.dprediction.bits_equal(one.dprediction));
  }
}

TEST_CASE("adaptive_wing: the published numbers") {
  const auto file = golden_file("components.json");
  const auto& entry = file.at("adaptive_wing");
  const Shape shape{2, 3, 5, 7};
  REQUIRE(entry.at("shape") == nlohmann::json({2, 3, 5, 7}));
  const std::string prefix = file.at("salt").get<std::string>() + "/awing/";
  const OwnedTensor exact_gradient = golden_array(entry.at("grad_pred"), shape);
  for (const DType dtype : {DType::f64, DType::f32, DType::bf16}) {
    const DType sums = accumulate_dtype(dtype);
    Tensors in({2, 3, 5, 7, 7}, dtype);
    in.prediction = golden_tensor(prefix + "pred", shape, dtype, -1.5, 2.5);
    in.target = golden_tensor(prefix + "target", shape, sums, 0, 1);
    in.weight = golden_tensor(prefix + "weight", shape, sums, 0, 1);
    in.weight.fill([w = in.weight](int64_t i) { return w.at(i) > 0.7 ? 10.0 : 1.0; });
    const Tensors r = run(Device::cpu, in);
    const double loss = entry.at("loss").get<double>();
    const double bound = dtype == DType::f64 ? 1e-9 : dtype == DType::f32 ? 1e-5 : 2e-2;
    CHECK(std::abs(r.loss.at(0) / loss - 1) < bound);
    if (dtype != DType::bf16) CHECK(relative_error(r.dprediction, exact_gradient) < bound);
  }
}

TEST_CASE("adaptive_wing: a prediction that hits its target has value and gradient 0") {
  check_hit(Device::cpu);
}

TEST_CASE("adaptive_wing: both branches meet at the threshold, in value and slope") {
  check_threshold(Device::cpu);
}

TEST_CASE("adaptive_wing: weight 0 gives nothing, yet the mean divides by all elements") {
  Tensors in({2, 3, 5, 7, 7}, DType::f64);
  in.weight.fill([](int64_t i) { return i < 105 ? 1.0 : 0.0; });
  const Tensors r = run(Device::cpu, in, 0.25);
  double sum = 0;
  for (int64_t i = 0; i < 105; ++i)
    sum += wing(std::abs(in.prediction.at(i) - in.target.at(i)), in.target.at(i)).value;
  CHECK(r.loss.at(0) == doctest::Approx(sum / 210).epsilon(1e-12));
  for (int64_t i = 105; i < 210; ++i) CHECK(r.dprediction.at(i) == 0.0);
}

TEST_CASE("adaptive_wing: channels of padding are not read, change nothing, and have gradient 0") {
  for (const DType dtype : {DType::f64, DType::f32, DType::bf16}) {
    CAPTURE(to_string(dtype));
    const Tensors plain({2, 3, 5, 7, 7}, dtype);
    Tensors padded({2, 3, 5, 7, 9}, dtype);
    padded.prediction.fill(
        [&](int64_t i) { return i % 9 < 7 ? plain.prediction.at(i / 9 * 7 + i % 9) : NAN; });
    const Tensors r = run(Device::cpu, padded), expected = run(Device::cpu, plain);
    CHECK(relative_error(r.loss, expected.loss) < rounding_bound(accumulate_dtype(dtype), 1));
    OwnedTensor used({2, 3, 5, 7}, dtype);
    used.fill([&](int64_t i) { return r.dprediction.at(i / 7 * 9 + i % 7); });
    CHECK(relative_error(used, expected.dprediction) < rounding_bound(dtype, 1));
    for (int64_t i = 0; i < r.dprediction.elements(); ++i)
      if (i % 9 >= 7) CHECK(r.dprediction.at(i) == 0.0);
  }
}

TEST_CASE("adaptive_wing: the value alone is the same, a wrong shape is named") {
  Context context;
  for (const DType dtype : {DType::f32, DType::f64}) {
    CAPTURE(to_string(dtype));
    const Tensors in({2, 3, 5, 7, 7}, dtype);
    OwnedTensor loss({1}, dtype), wrong({2, 3, 4, 7}, dtype), wide({2, 3, 5, 8}, dtype);
    adaptive_wing(
        context,
        {.prediction = in.prediction, .target = in.target, .weight = in.weight, .loss = loss});
    CHECK(loss.bits_equal(run(Device::cpu, in).loss));
    CHECK_THROWS_WITH_AS(
        adaptive_wing(
            context,
            {.prediction = in.prediction, .target = wrong, .weight = in.weight, .loss = loss}),
        doctest::Contains("target is"), Error);
    CHECK_THROWS_WITH_AS(
        adaptive_wing(context,
                      {.prediction = in.prediction, .target = wide, .weight = wide, .loss = loss}),
        doctest::Contains("target is"), Error);
  }
}

}  // namespace lanet::test
