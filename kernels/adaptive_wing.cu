// The adaptive wing loss on CUDA: one pass over memory, which leaves a sum a block, and a launch of
// one block that adds those up. With t = min(d, θ) both branches of the definition are one
// expression, since the second is the tangent at θ:
//   slope = ω·(α−y)·t^(α−y−1)/(1 + t^(α−y)),  wing = ω·ln(1 + t^(α−y)) + slope·(d − t)
#include "kernels/adaptive_wing.h"

#include "core/cuda/launch.h"
#include "core/cuda/values.cuh"

namespace lanet {

namespace {

constexpr unsigned kThreadsPerBlock = 256;
constexpr unsigned kWarps = kThreadsPerBlock / 32;
constexpr int kElementsPerThread = 4;  // at a time; of the narrowest type 64 bits, of f32 128
/// Blocks, hence parts of the sum. Of fixed number: the same bits on any device.
constexpr unsigned kMaxBlocks = 1056;

static_assert(kAdaptiveWingEpsilon == 1, "the expressions above leave the division by ε out");

unsigned wing_blocks(int64_t elements) {
  const int64_t wanted = (elements + kElementsPerThread * kThreadsPerBlock - 1) /
                         (kElementsPerThread * kThreadsPerBlock);
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

/// dprediction is null if it is not wanted.
template <typename T>
struct AdaptiveWingKernelArgs {
  const T* prediction;
  const accumulate_t<T>* target;
  const accumulate_t<T>* weight;
  T* dprediction;
  double* block_sums;
  accumulate_t<T> scale;
  int64_t elements;
  bool add;
};

/// Adds the weighted values of N elements to `sum` and writes their gradients.
template <int N, typename T>
__device__ inline void wing_values(const AdaptiveWingKernelArgs<T>& args, int64_t i, double& sum) {
  using A = accumulate_t<T>;
  const A alpha = A(kAdaptiveWingAlpha), omega = A(kAdaptiveWingOmega),
          theta = A(kAdaptiveWingTheta);
  const auto prediction = cuda::load_values<N>(args.prediction + i);
  const auto target = cuda::load_values<N>(args.target + i);
  const auto weight = cuda::load_values<N>(args.weight + i);
  cuda::Values<N, T> gradient;
#pragma unroll
  for (int e = 0; e < N; ++e) {
    const A error = prediction.value[e] - target.value[e];
    const A distance = error < 0 ? -error : error;
    // Not 0, whose logarithm is not wanted; not NaN, which the last term brings back.
    const A t = min(max(distance, A(1e-30)), theta);
    const A exponent = alpha - target.value[e];
    const A power = exp(exponent * log(t));
    const A slope = omega * exponent * power / (t * (1 + power));
    sum += double(weight.value[e] * (omega * log1p(power) + slope * (distance - t)));
    const A sign = error > 0 ? A(1) : error < 0 ? A(-1) : error;
    gradient.value[e] = args.scale * weight.value[e] * sign * slope;
  }
  if (args.dprediction) cuda::store_gradient<N>(args.dprediction + i, gradient, args.add);
}

template <typename T, int N>
__global__ void __launch_bounds__(kThreadsPerBlock)
    adaptive_wing_kernel(AdaptiveWingKernelArgs<T> args) {
  double sum = 0;
  const int64_t step = int64_t{gridDim.x} * kThreadsPerBlock * N;
  int64_t i = (int64_t{blockIdx.x} * kThreadsPerBlock + threadIdx.x) * N;
  for (; i + N <= args.elements; i += step) wing_values<N>(args, i, sum);
  for (; i < args.elements; ++i) wing_values<1>(args, i, sum);  // less than a pack is left
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

size_t adaptive_wing_cuda_workspace_bytes(const Shape& prediction) {
  return wing_blocks(prediction.elements()) * sizeof(double);
}

void adaptive_wing_cuda(Context& context, const AdaptiveWingArgs& args) {
  dispatch_float(args.prediction.dtype, [&]<typename Host>() {
    using T = cuda::device_t<Host>;
    using A = accumulate_t<Host>;
    const int64_t elements = args.prediction.elements();
    const unsigned blocks = wing_blocks(elements);
    const AdaptiveWingKernelArgs<T> kernel_args{
        .prediction = static_cast<const T*>(args.prediction.data),
        .target = static_cast<const A*>(args.target.data),
        .weight = static_cast<const A*>(args.weight.data),
        .dprediction = static_cast<T*>(args.dprediction.tensor.data),
        .block_sums = static_cast<double*>(
            context.workspace(adaptive_wing_cuda_workspace_bytes(args.prediction.shape))),
        .scale = A(args.scale / static_cast<double>(elements)),
        .elements = elements,
        .add = args.dprediction.add};
    auto run = [&]<int N>() {
      cuda::launch(adaptive_wing_kernel<T, N>, dim3(blocks), dim3(kThreadsPerBlock), 0,
                   cuda::stream(context), kernel_args);
    };
    if (cuda::aligned_for_packs({args.prediction.data, args.target.data, args.weight.data,
                                 args.dprediction.tensor.data}))
      run.template operator()<kElementsPerThread>();
    else
      run.template operator()<1>();
    cuda::launch(adaptive_wing_sum_kernel<A>, dim3(1), dim3(kThreadsPerBlock), 0,
                 cuda::stream(context), kernel_args.block_sums, blocks,
                 static_cast<A*>(args.loss.data), elements);
  });
}

}  // namespace lanet
