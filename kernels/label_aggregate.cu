// Label distributions on CUDA. Forward: one block has the whole batch, which is small, so that its
// barriers stand between the phases. Backward: a block has one sample and one target. It reads all
// neighbours, one thread per target, and recomputes the few sums over the batch.
#include "core/cuda/device.cuh"
#include "core/cuda/launch.h"
#include "kernels/cuda_operations.h"
#include "kernels/dispatch.h"
#include "kernels/label_aggregate.h"

namespace lanet {

namespace {
constexpr unsigned kForwardThreads = 1024;
constexpr unsigned kBackwardThreads = 256;
constexpr unsigned kBackwardWarps = kBackwardThreads / 32;
}  // namespace

/// One space's neighbours, and where the gradient of their scores goes.
template <typename A>
struct AggregateSpace {
  const A* scores;         // [num_targets, k]
  const int32_t* indices;  // [num_targets, k]
  int64_t k;
  A* dscores;  // null: not wanted
  bool add_dscores;

  /// Σ_j w_ij + ε
  __device__ A weight_sum(int64_t i) const {
    A sum = 0;
    for (int64_t s = i * k; s < (i + 1) * k; ++s) sum += scores[s];
    return sum + A(kLabelAggregateEpsilon);
  }
  /// d(i) in one class: probability[j * classes] is p_j there, mean its mean over the batch.
  __device__ A estimate(int64_t i, const A* probability, int64_t classes, A mean) const {
    A sum = 0;
    for (int64_t s = i * k; s < (i + 1) * k; ++s)
      sum += scores[s] * probability[indices[s] * classes];
    return (sum + A(kLabelAggregateEpsilon) * mean) / weight_sum(i);
  }
};

/// Σ over `rows` rows of value(i), by the lanes of a warp that all come here.
template <typename A, typename F>
__device__ inline A sum_over_rows(int64_t rows, F&& value) {
  A sum = 0;
  for (int64_t i = threadIdx.x % 32; i < rows; i += 32) sum += value(i);
  return cuda::warp_sum(sum);
}

template <typename A>
struct LabelAggregateKernelArgs {
  AggregateSpace<A> expression, landmark;
  const A *logits, *bank;
  const int32_t* sample_indices;
  A *probabilities, *target;
  int64_t n, num_targets, classes;
  A momentum;
};

/// Shared memory: the means of all classes.
template <typename A>
__global__ void __launch_bounds__(kForwardThreads)
    label_aggregate_kernel(LabelAggregateKernelArgs<A> args) {
  const int64_t n = args.n, classes = args.classes;
  A* means = cuda::dynamic_shared<A>();

  for (int64_t i = threadIdx.x; i < n; i += blockDim.x) {
    const A* logits = args.logits + i * classes;
    A* p = args.probabilities + i * classes;
    A largest = logits[0], sum = 0;
    for (int64_t c = 1; c < classes; ++c) largest = max(largest, logits[c]);
    for (int64_t c = 0; c < classes; ++c) sum += p[c] = exp(logits[c] - largest);
    for (int64_t c = 0; c < classes; ++c) p[c] /= sum;
  }
  __syncthreads();

  for (int64_t c = threadIdx.x / 32; c < classes; c += kForwardThreads / 32) {
    const A sum =
        sum_over_rows<A>(n, [&](int64_t i) { return args.probabilities[i * classes + c]; });
    if (threadIdx.x % 32 == 0) means[c] = sum / A(n);
  }
  __syncthreads();

  for (int64_t e = threadIdx.x; e < args.num_targets * classes; e += blockDim.x) {
    const int64_t i = e / classes, c = e % classes;
    const A* p = args.probabilities + c;
    const A estimate = (args.expression.estimate(i, p, classes, means[c]) +
                        args.landmark.estimate(i, p, classes, means[c])) /
                       2;
    const A history = args.bank[args.sample_indices[i] * classes + c];
    args.target[e] = args.momentum * history + (1 - args.momentum) * estimate;
  }
}

template <typename A>
struct LabelAggregateBackwardKernelArgs {
  AggregateSpace<A> spaces[2];
  const A *probabilities, *dtarget;
  A* dlogits;  // null: not wanted
  bool add_dlogits;
  int64_t n, num_targets, classes;
  A share;  // of each space in T

  /// What d(i) of both spaces in T gives to sample j of the batch: the derivative of T_i by p_j,
  /// the same in every class.
  __device__ A passed(int64_t i, int64_t j) const {
    A sum = 0;
#pragma unroll
    for (const AggregateSpace<A>& space : spaces) {
      A all = 0, chosen = 0;
#pragma unroll 8
      for (int64_t s = i * space.k; s < (i + 1) * space.k; ++s) {
        const A score = space.scores[s];
        all += score;
        chosen += space.indices[s] == j ? score : A(0);
      }
      sum += (chosen + A(kLabelAggregateEpsilon) / A(n)) / (all + A(kLabelAggregateEpsilon));
    }
    return share * sum;
  }
};

/// Block b has sample b, and target b if there is one. Shared memory: the means of all classes, the
/// target's estimates in both spaces, the gradients of the sample's probabilities, and what
/// each of a block's worth of targets passes to the sample.
template <typename A>
__global__ void __launch_bounds__(kBackwardThreads) label_aggregate_backward_kernel(
    const __grid_constant__ LabelAggregateBackwardKernelArgs<A> args) {
  const int64_t n = args.n, classes = args.classes, own = blockIdx.x;
  const unsigned warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  A* means = cuda::dynamic_shared<A>();
  A* estimates = means + classes;
  A* dprobabilities = estimates + 2 * classes;
  A* passed = dprobabilities + classes;

  for (int64_t c = warp; c < classes; c += kBackwardWarps) {
    const A sum =
        sum_over_rows<A>(n, [&](int64_t i) { return args.probabilities[i * classes + c]; });
    if (lane == 0) means[c] = sum / A(n);
  }

  for (int64_t first = 0; first < args.num_targets; first += kBackwardThreads) {
    const int64_t i = first + threadIdx.x,
                  targets = min(int64_t{kBackwardThreads}, args.num_targets - first);
    if (i < args.num_targets) passed[threadIdx.x] = args.passed(i, own);
    __syncthreads();
    // A warp to a class.
    const A* dtarget = args.dtarget + first * classes;
    for (int64_t c = warp; c < classes; c += kBackwardWarps) {
      const A sum = sum_over_rows<A>(
          targets, [&](int64_t target) { return passed[target] * dtarget[target * classes + c]; });
      if (lane == 0) dprobabilities[c] = first == 0 ? sum : dprobabilities[c] + sum;
    }
    __syncthreads();
  }

  const bool has_target = own < args.num_targets;
  for (int64_t e = threadIdx.x; e < 2 * classes && has_target; e += kBackwardThreads) {
    const AggregateSpace<A>& space = args.spaces[e < classes ? 0 : 1];
    const int64_t c = e < classes ? e : e - classes;
    estimates[e] = space.estimate(own, args.probabilities + c, classes, means[c]);
  }
  __syncthreads();

  // The gradients of the target's scores, one space after the other.
  const int64_t k = args.spaces[0].k;
  for (int64_t e = threadIdx.x; e < k + args.spaces[1].k && has_target; e += kBackwardThreads) {
    const AggregateSpace<A>& space = args.spaces[e < k ? 0 : 1];
    if (!space.dscores) continue;
    const A* estimate = estimates + (e < k ? 0 : classes);
    const int64_t pair = own * space.k + (e < k ? e : e - k);
    const A* p = args.probabilities + space.indices[pair] * classes;
    A sum = 0;
    for (int64_t c = 0; c < classes; ++c)
      sum += args.dtarget[own * classes + c] * (p[c] - estimate[c]);
    sum *= args.share / space.weight_sum(own);
    space.dscores[pair] = space.add_dscores ? space.dscores[pair] + sum : sum;
  }

  for (int64_t e = threadIdx.x; e < classes && args.dlogits; e += kBackwardThreads) {
    const A* p = args.probabilities + own * classes;
    A along = 0;
    for (int64_t c = 0; c < classes; ++c) along += p[c] * dprobabilities[c];
    A* place = args.dlogits + own * classes + e;
    const A value = p[e] * (dprobabilities[e] - along);
    *place = args.add_dlogits ? *place + value : value;
  }
}

namespace {

template <typename A>
AggregateSpace<A> space_of(const Tensor& scores, const Tensor& indices, const Gradient& dscores) {
  return {.scores = static_cast<const A*>(scores.data),
          .indices = static_cast<const int32_t*>(indices.data),
          .k = scores.shape[1],
          .dscores = static_cast<A*>(dscores.tensor.data),
          .add_dscores = dscores.add};
}

}  // namespace

void label_aggregate_cuda(Context& context, const LabelAggregateArgs& args) {
  dispatch_wide(args.logits.dtype, [&]<typename A>() {
    const int64_t n = args.logits.shape[0], classes = args.logits.shape[1];
    const LabelAggregateKernelArgs<A> kernel_args{
        .expression = space_of<A>(args.scores_expression, args.indices_expression, {}),
        .landmark = space_of<A>(args.scores_landmark, args.indices_landmark, {}),
        .logits = static_cast<const A*>(args.logits.data),
        .bank = static_cast<const A*>(args.bank.data),
        .sample_indices = static_cast<const int32_t*>(args.sample_indices.data),
        .probabilities = static_cast<A*>(args.probabilities.data),
        .target = static_cast<A*>(args.target.data),
        .n = n,
        .num_targets = args.target.shape[0],
        .classes = classes,
        .momentum = A(args.bank_momentum)};
    cuda::launch(label_aggregate_kernel<A>, dim3(1), dim3(kForwardThreads), classes * sizeof(A),
                 cuda::stream(context), kernel_args);
  });
}

void label_aggregate_backward_cuda(Context& context, const LabelAggregateBackwardArgs& args) {
  dispatch_wide(args.probabilities.dtype, [&]<typename A>() {
    const int64_t n = args.probabilities.shape[0], classes = args.probabilities.shape[1];
    const LabelAggregateBackwardKernelArgs<A> kernel_args{
        .spaces = {space_of<A>(args.scores_expression, args.indices_expression,
                               args.dscores_expression),
                   space_of<A>(args.scores_landmark, args.indices_landmark, args.dscores_landmark)},
        .probabilities = static_cast<const A*>(args.probabilities.data),
        .dtarget = static_cast<const A*>(args.dtarget.data),
        .dlogits = static_cast<A*>(args.dlogits.tensor.data),
        .add_dlogits = args.dlogits.add,
        .n = n,
        .num_targets = args.dtarget.shape[0],
        .classes = classes,
        .share = (1 - A(args.bank_momentum)) / 2};
    cuda::launch(label_aggregate_backward_kernel<A>, dim3(cuda::blocks_for(n, 1)),
                 dim3(kBackwardThreads), (4 * classes + kBackwardThreads) * sizeof(A),
                 cuda::stream(context), kernel_args);
  });
}

}  // namespace lanet
