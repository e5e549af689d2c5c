// The adaptive wing loss on CUDA: one pass over memory, which leaves a sum a block, and a launch of
// one block that adds those up. With t = min(d, θ) both branches of the definition are one
// expression, since the second is the tangent at θ:
//   slope = ω·(α−y)·t^(α−y−1)/(1 + t^(α−y)),  wing = ω·ln(1 + t^(α−y)) + slope·(d − t)
#include "kernels/adaptive_wing.h"

#include "core/cuda/device.cuh"
#include "core/cuda/launch.h"
#include "kernels/cuda_operations.h"

namespace lanet {

namespace {

constexpr unsigned kThreadsPerBlock = 256;
constexpr unsigned kWarps = kThreadsPerBlock / 32;
constexpr int kPixelsPerThread = 4;  // at a time
/// Blocks, hence parts of the sum. Of fixed number: the same bits on any device.
constexpr unsigned kMaxBlocks = 1056;

static_assert(kAdaptiveWingEpsilon == 1, "the expressions above leave the division by ε out");

unsigned wing_blocks(const Shape& target) {
  const int64_t wanted = (target.elements() + kPixelsPerThread * kThreadsPerBlock - 1) /
                         (kPixelsPerThread * kThreadsPerBlock);
  return static_cast<unsigned>(std::min<int64_t>(wanted, kMaxBlocks));
}

}  // namespace

/// The sum over a block, in thread 0. All threads must call it, once.
__device__ inline double wing_block_sum(double value) {
  __shared__ double of_warp[kWarps];
  value = cuda::warp_sum(value);
  if (threadIdx.x % 32 == 0) of_warp[threadIdx.x / 32] = value;
  __syncthreads();
  double sum = 0;
  if (threadIdx.x == 0) {
    for (unsigned warp = 0; warp < kWarps; ++warp) sum += of_warp[warp];
  }
  return sum;
}

/// A pixel has `landmarks` elements of target and weight, and `channels` of the prediction.
/// dprediction is null if it is not wanted.
template <typename T>
struct AdaptiveWingKernelArgs {
  const T* prediction;
  const accumulate_t<T>* target;
  const accumulate_t<T>* weight;
  T* dprediction;
  double* block_sums;
  accumulate_t<T> scale;
  int pixels, landmarks, channels;
  bool add;
};

/// Adds the weighted value of one element to `sum` and returns its gradient.
template <typename A>
__device__ inline A wing_value(A prediction, A target, A weight, A scale, double& sum) {
  const A alpha = A(kAdaptiveWingAlpha), omega = A(kAdaptiveWingOmega),
          theta = A(kAdaptiveWingTheta);
  const A error = prediction - target;
  const A distance = error < 0 ? -error : error;
  // Not 0, whose logarithm is not wanted; not NaN, which the last term brings back.
  const A t = min(max(distance, A(1e-30)), theta);
  const A exponent = alpha - target;
  const A power = exp(exponent * log(t));
  const A slope = omega * exponent * power / (t * (1 + power));
  sum += double(weight * (omega * log1p(power) + slope * (distance - t)));
  const A sign = error > 0 ? A(1) : error < 0 ? A(-1) : error;
  return scale * weight * sign * slope;
}

/// A thread takes one landmark of kPixelsPerThread neighbouring pixels at a time, neighbouring
/// threads neighbouring landmarks; that of the last landmark writes the gradient of the padding.
template <typename T>
__global__ void __launch_bounds__(kThreadsPerBlock)
    adaptive_wing_kernel(AdaptiveWingKernelArgs<T> args) {
  using A = accumulate_t<T>;
  double sum = 0;
  const int items = (args.pixels + kPixelsPerThread - 1) / kPixelsPerThread * args.landmarks;
  for (int item = static_cast<int>(blockIdx.x * kThreadsPerBlock + threadIdx.x); item < items;
       item += static_cast<int>(gridDim.x * kThreadsPerBlock)) {
    const int first = item / args.landmarks * kPixelsPerThread, landmark = item % args.landmarks;
    A prediction[kPixelsPerThread], target[kPixelsPerThread], weight[kPixelsPerThread];
#pragma unroll
    for (int p = 0; p < kPixelsPerThread; ++p) {
      if (first + p >= args.pixels) continue;
      const int of_target = (first + p) * args.landmarks + landmark;
      prediction[p] = cuda::load(args.prediction + (first + p) * args.channels + landmark);
      target[p] = args.target[of_target];
      weight[p] = args.weight[of_target];
    }
#pragma unroll
    for (int p = 0; p < kPixelsPerThread; ++p) {
      if (first + p >= args.pixels) continue;
      const A gradient = wing_value(prediction[p], target[p], weight[p], args.scale, sum);
      if (!args.dprediction) continue;
      T* place = args.dprediction + (first + p) * args.channels + landmark;
      cuda::store(place, args.add ? cuda::load(place) + gradient : gradient);
      if (landmark + 1 < args.landmarks || args.add) continue;
#pragma unroll 1
      for (int c = args.landmarks; c < args.channels; ++c) cuda::store(++place, A(0));
    }
  }
  sum = wing_block_sum(sum);
  if (threadIdx.x == 0) args.block_sums[blockIdx.x] = sum;
}

template <typename A>
__global__ void __launch_bounds__(kThreadsPerBlock)
    adaptive_wing_sum_kernel(const double* block_sums, unsigned blocks, A* loss, int64_t elements) {
  double sum = 0;
  for (unsigned block = threadIdx.x; block < blocks; block += kThreadsPerBlock)
    sum += block_sums[block];
  sum = wing_block_sum(sum);
  if (threadIdx.x == 0) *loss = A(sum / double(elements));
}

size_t adaptive_wing_cuda_workspace_bytes(const Shape& target) {
  return wing_blocks(target) * sizeof(double);
}

void adaptive_wing_cuda(Context& context, const AdaptiveWingArgs& args) {
  const Shape &target = args.target.shape, &prediction = args.prediction.shape;
  LANET_REQUIRE(prediction.elements() <= INT32_MAX, "prediction is {}", prediction);
  dispatch_float(args.prediction.dtype, [&]<typename Host>() {
    using T = cuda::device_t<Host>;
    using A = accumulate_t<Host>;
    const int64_t elements = target.elements();
    const unsigned blocks = wing_blocks(target);
    auto* block_sums =
        static_cast<double*>(context.workspace(adaptive_wing_cuda_workspace_bytes(target)));
    cuda::launch(
        adaptive_wing_kernel<T>, dim3(blocks), dim3(kThreadsPerBlock), 0, cuda::stream(context),
        AdaptiveWingKernelArgs<T>{.prediction = static_cast<const T*>(args.prediction.data),
                                  .target = static_cast<const A*>(args.target.data),
                                  .weight = static_cast<const A*>(args.weight.data),
                                  .dprediction = static_cast<T*>(args.dprediction.tensor.data),
                                  .block_sums = block_sums,
                                  .scale = A(args.scale / static_cast<double>(elements)),
                                  .pixels = static_cast<int>(elements / target[3]),
                                  .landmarks = static_cast<int>(target[3]),
                                  .channels = static_cast<int>(prediction[3]),
                                  .add = args.dprediction.add});
    cuda::launch(adaptive_wing_sum_kernel<A>, dim3(1), dim3(kThreadsPerBlock), 0,
                 cuda::stream(context), block_sums, blocks, static_cast<A*>(args.loss.data),
                 elements);
  });
}

}  // namespace lanet
