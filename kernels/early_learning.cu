// Early-learning regularisation on CUDA: one block, a warp a row, as in softmax_cross_entropy.cu. A
// row is a few classes, whose probabilities are worked out again in each pass over them.
#include "kernels/early_learning.h"

#include "core/cuda/launch.h"
#include "core/cuda/values.cuh"
#include "kernels/cuda_operations.h"
#include "kernels/softmax_row.cuh"

namespace lanet {

/// dlogits is null if it is not wanted.
template <typename T>
struct EarlyLearningKernelArgs {
  const T* logits;
  const int32_t* sample_indices;
  const accumulate_t<T>* targets;
  accumulate_t<T>* target;
  accumulate_t<T>* loss;
  T* dlogits;
  bool add;
  accumulate_t<T> momentum, one_minus_momentum, scale;
  int64_t batch, classes;
};

/// NaN stays NaN.
template <typename A>
__device__ inline A clamped_probability(A p) {
  return p < kLeastProbability<A>     ? kLeastProbability<A>
         : p > kLargestProbability<A> ? kLargestProbability<A>
                                      : p;
}

template <typename T>
__global__ void __launch_bounds__(kClassLossThreads)
    early_learning_kernel(EarlyLearningKernelArgs<T> args) {
  using A = accumulate_t<T>;
  const int64_t lane = threadIdx.x % 32, classes = args.classes;
  A sum = 0;
  for (int64_t b = threadIdx.x / 32; b < args.batch; b += kClassLossThreads / 32) {
    const T* logits = args.logits + b * classes;
    const A* earlier = args.targets + args.sample_indices[b] * classes;
    A* target = args.target + b * classes;
    const auto softmax = warp_softmax(logits, classes);
    const auto probability = [&](int64_t c) {
      return exp(softmax.log_probability(cuda::load(logits + c)));
    };
    A mass = 0;
    for (int64_t c = lane; c < classes; c += 32) mass += clamped_probability(probability(c));
    mass = cuda::warp_sum(mass);
    A agreement = 0;
    for (int64_t c = lane; c < classes; c += 32) {
      const A p = clamped_probability(probability(c));
      target[c] = args.momentum * earlier[c] + args.one_minus_momentum * (p / mass);
      agreement += target[c] * p;
    }
    agreement = cuda::warp_sum(agreement);
    sum += log1p(-agreement);
    if (!args.dlogits) continue;
    // Each lane reads what it wrote of the target.
    const auto slope = [&](int64_t c, A p) {
      return clamped_probability(p) == p ? -target[c] / (1 - agreement) : A(0);
    };
    A mean = 0;
    for (int64_t c = lane; c < classes; c += 32) {
      const A p = probability(c);
      mean += p * slope(c, p);
    }
    mean = cuda::warp_sum(mean);
    for (int64_t c = lane; c < classes; c += 32) {
      const A p = probability(c);
      cuda::store_gradient<1>(args.dlogits + b * classes + c,
                              {args.scale * (p * (slope(c, p) - mean))}, args.add);
    }
  }
  sum = sum_over_warps(sum);
  if (threadIdx.x == 0) *args.loss = sum / A(args.batch);
}

void early_learning_cuda(Context& context, const EarlyLearningArgs& args) {
  dispatch_float(args.logits.dtype, [&]<typename Host>() {
    using T = cuda::device_t<Host>;
    using A = accumulate_t<Host>;
    const int64_t batch = args.logits.shape[0];
    cuda::launch(early_learning_kernel<T>, dim3(1), dim3(kClassLossThreads), 0,
                 cuda::stream(context),
                 EarlyLearningKernelArgs<T>{
                     .logits = static_cast<const T*>(args.logits.data),
                     .sample_indices = static_cast<const int32_t*>(args.sample_indices.data),
                     .targets = static_cast<const A*>(args.targets.data),
                     .target = static_cast<A*>(args.target.data),
                     .loss = static_cast<A*>(args.loss.data),
                     .dlogits = static_cast<T*>(args.dlogits.tensor.data),
                     .add = args.dlogits.add,
                     .momentum = A(args.momentum),
                     .one_minus_momentum = A(1 - args.momentum),
                     .scale = A(args.scale / static_cast<double>(batch)),
                     .batch = batch,
                     .classes = args.logits.shape[1]});
  });
}

}  // namespace lanet
