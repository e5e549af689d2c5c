// cuDNN's convolution that sums its output, against the definition in double.
#include "kernels/cuda/conv2d_statistics_cudnn.h"
#include "tests/device_test.h"

namespace lanet::test {
namespace {

struct Run {
  OwnedTensor y, sum, sum_of_squares;
};

Run by_cudnn(const Conv2dShape& s, const OwnedTensor& images, const OwnedTensor& weights) {
  Context context(Device::cuda);
  const CudnnConv2dStatistics convolution(context, s);
  context.reserve_workspace(convolution.workspace_bytes());
  const OwnedTensor channels({s.out_channels}, DType::f32);
  const OwnedTensor x(context, images), weight(context, weights),
      y(context, OwnedTensor(s.y(), s.dtype)), sum(context, channels), squares(context, channels);
  convolution.forward(context,
                      {.x = x, .weight = weight, .y = y, .sum = sum, .sum_of_squares = squares});
  return {y.download(), sum.download(), squares.download()};
}

/// The definition, with both sums over its own unrounded y.
Run exactly(const Conv2dShape& s, const OwnedTensor& images, const OwnedTensor& weights) {
  Conv2dShape wide = s;
  wide.dtype = DType::f64;
  Context context;
  Conv2dPlan plan(context, wide, /*data_gradient=*/false, /*weight_gradient=*/false);
  context.reserve_workspace(plan.workspace_bytes());
  const Shape channels{s.out_channels};
  Run r{OwnedTensor(s.y(), DType::f64), OwnedTensor(channels, DType::f64),
        OwnedTensor(channels, DType::f64)};
  const OwnedTensor x = images.cast(DType::f64), weight = weights.cast(DType::f64);
  conv2d(context, plan, {.x = x, .weight = weight, .y = r.y});
  for (int64_t channel = 0; channel < s.out_channels; ++channel) {
    double sum = 0, squares = 0;
    for (int64_t i = channel; i < r.y.elements(); i += s.out_channels) {
      sum += r.y.at(i);
      squares += r.y.at(i) * r.y.at(i);
    }
    r.sum.set(channel, sum);
    r.sum_of_squares.set(channel, squares);
  }
  return r;
}

}  // namespace

TEST_CASE("cuda: cuDNN's convolution with statistics follows the definition, twice the same") {
  if (skip_without_device()) return;
  constexpr Conv2dShape kShapes[] = {{8, 14, 14, 64, 64, 3, 1, 1, DType::bf16},
                                     {8, 14, 14, 64, 128, 3, 2, 1, DType::bf16},
                                     {8, 14, 14, 64, 128, 1, 2, 0, DType::bf16}};
  for (const Conv2dShape& s : kShapes) {
    CAPTURE(s.stride);
    CAPTURE(s.kernel);
    // Mostly positive, so that the sums do not cancel to nothing.
    const OwnedTensor x = OwnedTensor::random(s.x(), s.dtype, 1, -0.5, 1),
                      weight = OwnedTensor::random(s.weight(), s.dtype, 2, -0.5, 1);
    const Run fast = by_cudnn(s, x, weight), again = by_cudnn(s, x, weight),
              exact = exactly(s, x, weight);
    CHECK(again.y.bits_equal(fast.y));
    CHECK(again.sum.bits_equal(fast.sum));
    CHECK(again.sum_of_squares.bits_equal(fast.sum_of_squares));
    CHECK(relative_error(fast.y, exact.y) < rounding_bound(DType::bf16, 1, 2));
    // Of y before or after its rounding to bf16: that of an element is half an ulp at most, and a
    // sum's is no larger.
    CHECK(relative_error(fast.sum, exact.sum) < rounding_bound(DType::bf16, 1, 1));
    CHECK(relative_error(fast.sum_of_squares, exact.sum_of_squares) <
          rounding_bound(DType::bf16, 1, 2));
  }
}

}  // namespace lanet::test
