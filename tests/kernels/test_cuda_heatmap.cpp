// The CUDA kernel of heatmap against the definition in double, from the CPU tests' cases.
#include "tests/kernels/heatmap_run.h"

namespace lanet::test {
namespace {

/// Compares with the definition, for tensors that start aligned and not.
void check(const HeatmapTensors& in) {
  const DType dtype = in.target.dtype();
  CAPTURE(to_string(dtype));
  CAPTURE(to_string(in.target.shape()));
  const HeatmapTensors exact = run(Device::cpu, cast_all(in, DType::f64));
  for (const int64_t shift : {0, 1}) {
    const HeatmapTensors fast = run(Device::cuda, in, shift);
    CHECK(relative_error(fast.target, exact.target) < rounding_bound(dtype, 1, 2));
    CHECK(fast.weight.bits_equal(exact.weight.cast(dtype)));
    const HeatmapTensors again = run(Device::cuda, in, shift);
    CHECK(again.target.bits_equal(fast.target));
  }
}

/// All in one picture.
void check(const std::vector<std::pair<double, double>>& points, int64_t height, int64_t width) {
  for (const DType dtype : {DType::f32, DType::f64}) {
    HeatmapTensors in({1, height, width, static_cast<int64_t>(points.size())}, dtype);
    in.landmarks.fill(
        [&](int64_t i) { return i % 2 ? points[i / 2].second : points[i / 2].first; });
    check(in);
  }
}

}  // namespace

TEST_CASE("cuda: heatmap follows the double definition, twice the same") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::f64}) {
    for (const auto& c : kHeatmapCases) {
      if (!c.bench) check(HeatmapTensors(c, dtype));
    }
  }
}

TEST_CASE("cuda: heatmap cuts a Gaussian at each border and beyond, and never moves it") {
  if (skip_without_device()) return;
  const int height = 11, width = 12;
  std::vector<std::pair<double, double>> points;
  for (int y = -6; y <= height + 6; ++y)
    for (int x = -6; x <= width + 6; ++x) points.push_back({4.0 * x, 4.0 * y});
  check(points, height, width);
}

TEST_CASE("cuda: heatmap rounds landmarks by floor(landmark/4 + 0.5); not finite leaves nothing") {
  if (skip_without_device()) return;
  const double infinity = std::numeric_limits<double>::infinity();
  std::vector<std::pair<double, double>> points;
  for (const double pixel : {2.0, 1.99, 5.99, 6.0, -2.0, -2.01, -6.0, -6.01, 30.0, 1e30, -1e30,
                             infinity, -infinity, std::nan("")}) {
    points.push_back({pixel, 16});
    points.push_back({16, pixel});
  }
  check(points, 12, 12);
}

TEST_CASE("cuda: heatmap: a face marked not valid has weight 0 everywhere, its neighbours theirs") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::f64}) check(second_not_valid(dtype));
}

}  // namespace lanet::test
