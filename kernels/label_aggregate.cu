// Label distributions on CUDA. Forward: one block has the whole batch, which is small, so that its
// barriers stand between the phases. Backward: a block has some of the samples and some of the
// targets, and forms the few sums over all of them again for itself.
#include "core/cuda/device.cuh"
#include "core/cuda/launch.h"
#include "kernels/label_aggregate.h"

namespace lanet {

namespace {
constexpr unsigned kForwardThreads = 1024;
constexpr unsigned kBackwardThreads = 256;
constexpr int64_t kRowsPerBlock = 16;
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
  AggregateSpace<A> expression, landmark;
  const A *probabilities, *dtarget;
  A* dlogits;  // null: not wanted
  bool add_dlogits;
  int64_t n, num_targets, classes;
  A share;  // of each space in T

  /// The derivative of the loss by d(i) of one space in class c, over the sum of weights.
  __device__ A slope(const AggregateSpace<A>& space, int64_t i, int64_t c) const {
    return share * dtarget[i * classes + c] / space.weight_sum(i);
  }
};

/// Shared memory: the means of all classes; what each sample receives through them, by class; and
/// the gradients of the probabilities of the block's samples.
template <typename A>
__global__ void label_aggregate_backward_kernel(LabelAggregateBackwardKernelArgs<A> args) {
  const int64_t n = args.n, classes = args.classes;
  const int64_t first = int64_t{blockIdx.x} * kRowsPerBlock;
  const int64_t rows = min(kRowsPerBlock, n - first);
  const int64_t targets = min(kRowsPerBlock, args.num_targets - first);  // none if negative
  A* means = cuda::dynamic_shared<A>();
  A* everywhere = means + classes;
  A* dprobabilities = everywhere + classes;

  for (int64_t c = threadIdx.x / 32; c < classes; c += kBackwardThreads / 32) {
    const A sum =
        sum_over_rows<A>(n, [&](int64_t i) { return args.probabilities[i * classes + c]; });
    const A slopes = sum_over_rows<A>(args.num_targets, [&](int64_t i) {
      return args.slope(args.expression, i, c) + args.slope(args.landmark, i, c);
    });
    if (threadIdx.x % 32 == 0) {
      means[c] = sum / A(n);
      everywhere[c] = slopes * A(kLabelAggregateEpsilon) / A(n);
    }
  }
  __syncthreads();

  auto gradient_of_scores = [&](const AggregateSpace<A>& space) {
    if (!space.dscores) return;
    for (int64_t e = threadIdx.x; e < targets * space.k; e += blockDim.x) {
      const int64_t pair = first * space.k + e, i = pair / space.k, j = space.indices[pair];
      A sum = 0;
      for (int64_t c = 0; c < classes; ++c) {
        const A* p = args.probabilities + c;
        sum += args.slope(space, i, c) * (p[j * classes] - space.estimate(i, p, classes, means[c]));
      }
      space.dscores[pair] = space.add_dscores ? space.dscores[pair] + sum : sum;
    }
  };
  gradient_of_scores(args.expression);
  gradient_of_scores(args.landmark);

  // A thread gathers from all pairs, in their order: no two threads write one place.
  auto from_pairs = [&](const AggregateSpace<A>& space, int64_t j, int64_t c) {
    A sum = 0;
    for (int64_t pair = 0; pair < args.num_targets * space.k; ++pair)
      if (space.indices[pair] == j)
        sum += args.slope(space, pair / space.k, c) * space.scores[pair];
    return sum;
  };
  for (int64_t e = threadIdx.x; e < rows * classes && args.dlogits; e += blockDim.x) {
    const int64_t j = first + e / classes, c = e % classes;
    dprobabilities[e] =
        everywhere[c] + from_pairs(args.expression, j, c) + from_pairs(args.landmark, j, c);
  }
  __syncthreads();

  for (int64_t e = threadIdx.x; e < rows * classes && args.dlogits; e += blockDim.x) {
    const A* p = args.probabilities + first * classes;
    A along = 0;
    for (int64_t c = e / classes * classes; c < (e / classes + 1) * classes; ++c)
      along += p[c] * dprobabilities[c];
    A* place = args.dlogits + first * classes + e;
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
  auto run = [&]<typename A>() {
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
  };
  if (args.logits.dtype == DType::f64)
    run.template operator()<double>();
  else
    run.template operator()<float>();
}

void label_aggregate_backward_cuda(Context& context, const LabelAggregateBackwardArgs& args) {
  auto run = [&]<typename A>() {
    const int64_t n = args.probabilities.shape[0], classes = args.probabilities.shape[1];
    const LabelAggregateBackwardKernelArgs<A> kernel_args{
        .expression =
            space_of<A>(args.scores_expression, args.indices_expression, args.dscores_expression),
        .landmark = space_of<A>(args.scores_landmark, args.indices_landmark, args.dscores_landmark),
        .probabilities = static_cast<const A*>(args.probabilities.data),
        .dtarget = static_cast<const A*>(args.dtarget.data),
        .dlogits = static_cast<A*>(args.dlogits.tensor.data),
        .add_dlogits = args.dlogits.add,
        .n = n,
        .num_targets = args.dtarget.shape[0],
        .classes = classes,
        .share = (1 - A(args.bank_momentum)) / 2};
    cuda::launch(label_aggregate_backward_kernel<A>, dim3(cuda::blocks_for(n, kRowsPerBlock)),
                 dim3(kBackwardThreads), (2 + kRowsPerBlock) * classes * sizeof(A),
                 cuda::stream(context), kernel_args);
  };
  if (args.probabilities.dtype == DType::f64)
    run.template operator()<double>();
  else
    run.template operator()<float>();
}

}  // namespace lanet
