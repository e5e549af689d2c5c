// The CUDA kernel of heatmap against the definition in double, from the CPU tests' cases.
#include "kernels/heatmap.h"
#include "kernels/heatmap_cases.h"
#include "tests/device_test.h"

namespace lanet::test {
namespace {

struct Run {
  OwnedTensor target, weight;
};

/// shift: of both images, in elements.
Run run(Device device, const OwnedTensor& landmarks, int64_t height, int64_t width,
        const OwnedTensor* valid = nullptr, int64_t shift = 0) {
  Context context(device);
  const Shape given = landmarks.shape(), image{given[0], height, width, given[1]};
  const DType dtype = landmarks.dtype();
  const OwnedTensor its_landmarks(context, landmarks),
      its_valid(context, valid ? *valid : OwnedTensor({given[0]}, DType::u8)),
      target(context, OwnedTensor(image, dtype), shift),
      weight(context, OwnedTensor(image, dtype), shift);
  heatmap(context, {.landmarks = its_landmarks,
                    .valid = valid ? its_valid.tensor() : Tensor{},
                    .target = target,
                    .weight = weight});
  return {target.download(), weight.download()};
}

/// Compares with the definition, for tensors that start aligned and not.
void check(const OwnedTensor& landmarks, int64_t height, int64_t width,
           const OwnedTensor* valid = nullptr) {
  const DType dtype = landmarks.dtype();
  CAPTURE(to_string(dtype));
  CAPTURE(height);
  CAPTURE(width);
  const Run exact = run(Device::cpu, landmarks.cast(DType::f64), height, width, valid);
  for (const int64_t shift : {0, 1}) {
    const Run fast = run(Device::cuda, landmarks, height, width, valid, shift);
    CHECK(relative_error(fast.target, exact.target) < rounding_bound(dtype, 1, 2));
    CHECK(fast.weight.bits_equal(exact.weight.cast(dtype)));
    const Run again = run(Device::cuda, landmarks, height, width, valid, shift);
    CHECK(again.target.bits_equal(fast.target));
  }
}

/// [1, n, 2] from a list of points, all in one picture.
OwnedTensor in_one_picture(const std::vector<std::pair<double, double>>& points, DType dtype) {
  OwnedTensor landmarks({1, static_cast<int64_t>(points.size()), 2}, dtype);
  landmarks.fill([&](int64_t i) { return i % 2 ? points[i / 2].second : points[i / 2].first; });
  return landmarks;
}

}  // namespace

TEST_CASE("cuda: heatmap follows the double definition, twice the same") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::f64}) {
    for (const auto& c : kHeatmapCases) {
      if (c.bench) continue;
      check(OwnedTensor::random({c.batch, c.landmarks, 2}, dtype, 1, -10,
                                4.0 * static_cast<double>(c.width) + 10),
            c.height, c.width);
    }
  }
}

TEST_CASE("cuda: heatmap cuts a Gaussian at each border and beyond, and never moves it") {
  if (skip_without_device()) return;
  const int height = 11, width = 12;
  std::vector<std::pair<double, double>> points;
  for (int y = -6; y <= height + 6; ++y)
    for (int x = -6; x <= width + 6; ++x) points.push_back({4.0 * x, 4.0 * y});
  for (const DType dtype : {DType::f32, DType::f64})
    check(in_one_picture(points, dtype), height, width);
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
  for (const DType dtype : {DType::f32, DType::f64}) check(in_one_picture(points, dtype), 12, 12);
}

TEST_CASE("cuda: heatmap: a face marked not valid has weight 0 everywhere, its neighbours theirs") {
  if (skip_without_device()) return;
  OwnedTensor valid({3}, DType::u8);
  valid.fill([](int64_t b) { return b == 1 ? 0 : b == 0 ? 1 : 255; });
  for (const DType dtype : {DType::f32, DType::f64})
    check(OwnedTensor::random({3, 2, 2}, dtype, 1, 0, 36), 9, 9, &valid);
}

}  // namespace lanet::test
