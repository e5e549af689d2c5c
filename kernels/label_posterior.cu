// Posteriors of the true class on CUDA: one warp per row. A row is a few classes, whose logarithms
// are worked out again in each pass over them rather than kept.
#include "kernels/label_posterior.h"

#include "core/cuda/launch.h"
#include "kernels/cuda_operations.h"
#include "kernels/softmax_row.cuh"

namespace lanet {

namespace {
constexpr unsigned kThreadsPerBlock = 128;
constexpr unsigned kRowsPerBlock = kThreadsPerBlock / 32;
}  // namespace

/// Tables that are absent, and an opinion that is not wanted, are null.
template <typename T>
struct LabelPosteriorKernelArgs {
  const T* logits;
  const int32_t* labels;
  const int32_t* sample_indices;
  const accumulate_t<T>* channel;
  const accumulate_t<T>* log_ratio;
  const accumulate_t<T>* opinions;
  T* target;
  accumulate_t<T>* opinion;
  accumulate_t<T> momentum, one_minus_momentum;
  int64_t batch, classes;
};

/// A row of the batch, as LabelPosteriorRow of label_posterior_ref.h has it.
template <typename T>
struct LabelPosteriorKernelRow {
  using A = accumulate_t<T>;
  const T* logits;
  WarpSoftmax<A> softmax;
  const A* channel;  // of the given label, a column; null if that is no class
  int64_t classes;
  const A* log_ratio;
  const A* opinions;
  A momentum, one_minus_momentum;

  __device__ A log_probability(int64_t y) const {
    return softmax.log_probability(cuda::load(logits + y));
  }
  __device__ A opinion(int64_t y) const {
    const A p = exp(log_probability(y));
    return opinions ? momentum * opinions[y] + one_minus_momentum * p : p;
  }
  __device__ A log_opinion(int64_t y) const {
    if (!opinions) return log_probability(y);
    const A value = opinion(y);
    return log(value < kSmallestOpinion<A> ? kSmallestOpinion<A> : value);  // NaN stays NaN
  }
  __device__ A log_joint(int64_t y) const {
    const A of_label = channel ? log(channel[y * classes]) : A(NAN);
    return log_opinion(y) + of_label + (log_ratio ? log_ratio[y] : A(0));
  }
};

template <typename T>
__global__ void __launch_bounds__(kThreadsPerBlock)
    label_posterior_kernel(LabelPosteriorKernelArgs<T> args) {
  using A = accumulate_t<T>;
  constexpr A kExcluded = -cuda::kInfinity<A>;
  const int64_t b = int64_t{blockIdx.x} * kRowsPerBlock + threadIdx.x / 32;
  if (b >= args.batch) return;
  const int64_t lane = threadIdx.x % 32, classes = args.classes;
  const T* logits = args.logits + b * classes;
  const auto row_of = [&](const A* table) {
    return table ? table + args.sample_indices[b] * classes : nullptr;
  };
  const int32_t label = args.labels[b];
  const bool is_class = label >= 0 && label < classes;
  const LabelPosteriorKernelRow<T> row{.logits = logits,
                                       .softmax = warp_softmax(logits, classes),
                                       .channel = is_class ? args.channel + label : nullptr,
                                       .classes = classes,
                                       .log_ratio = row_of(args.log_ratio),
                                       .opinions = row_of(args.opinions),
                                       .momentum = args.momentum,
                                       .one_minus_momentum = args.one_minus_momentum};

  bool left = false;  // of this lane's classes; a NaN counts, and goes into the sum
  for (int64_t y = lane; y < classes; y += 32) left = left || row.log_joint(y) != kExcluded;
  const bool any_left = __any_sync(0xFFFFFFFFu, left);
  const auto log_weight = [&](int64_t y) {
    return any_left ? row.log_joint(y) : row.log_opinion(y);
  };
  A largest = kExcluded, sum = 0;
  for (int64_t y = lane; y < classes; y += 32) largest = max(largest, log_weight(y));
  largest = cuda::warp_max(largest);
  for (int64_t y = lane; y < classes; y += 32) sum += exp(log_weight(y) - largest);
  sum = cuda::warp_sum(sum);
  for (int64_t y = lane; y < classes; y += 32) {
    cuda::store(args.target + b * classes + y, exp(log_weight(y) - largest) / sum);
    if (args.opinion) args.opinion[b * classes + y] = row.opinion(y);
  }
}

void label_posterior_cuda(Context& context, const LabelPosteriorArgs& args) {
  dispatch_float(args.logits.dtype, [&]<typename Host>() {
    using T = cuda::device_t<Host>;
    using A = accumulate_t<Host>;
    const int64_t batch = args.logits.shape[0];
    cuda::launch(label_posterior_kernel<T>, dim3(cuda::blocks_for(batch, kRowsPerBlock)),
                 dim3(kThreadsPerBlock), 0, cuda::stream(context),
                 LabelPosteriorKernelArgs<T>{
                     .logits = static_cast<const T*>(args.logits.data),
                     .labels = static_cast<const int32_t*>(args.labels.data),
                     .sample_indices = static_cast<const int32_t*>(args.sample_indices.data),
                     .channel = static_cast<const A*>(args.channel.data),
                     .log_ratio = static_cast<const A*>(args.log_ratio.data),
                     .opinions = static_cast<const A*>(args.opinions.data),
                     .target = static_cast<T*>(args.target.data),
                     .opinion = static_cast<A*>(args.opinion.data),
                     .momentum = A(args.momentum),
                     .one_minus_momentum = A(1 - args.momentum),
                     .batch = batch,
                     .classes = args.logits.shape[1]});
  });
}

}  // namespace lanet
