// Batch normalisation over ranks on CUDA: a thread a channel, which walks over the ranks.
#include "kernels/batch_norm/batch_norm_combine.h"

#include "kernels/batch_norm/batch_norm_cuda.cuh"
#include "kernels/cuda_operations.h"
#include "kernels/dispatch.h"

namespace lanet {

namespace {
constexpr unsigned kThreadsPerBlock = 128;
}

template <typename A>
struct BatchNormCombineMember {
  const A *means, *inv_stds;
  double rows;  // of all ranks
  A *mean, *inv_std;
  A *running_mean, *running_var;  // null if they are not tracked
};

template <typename A>
__global__ void __launch_bounds__(kThreadsPerBlock) batch_norm_combine_kernel(
    const __grid_constant__ BatchNormGroup<BatchNormCombineMember<A>> group, int64_t ranks,
    int64_t channels) {
  const BatchNormCombineMember<A>& my = group.mine();
  const int64_t channel = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (channel >= channels) return;
  double mean = 0, spread = 0;  // spread: var + ε
  for (int64_t r = 0; r < ranks; ++r) mean += double(my.means[r * channels + channel]);
  mean /= double(ranks);
  for (int64_t r = 0; r < ranks; ++r) {
    const double inv_std = double(my.inv_stds[r * channels + channel]);
    const double difference = double(my.means[r * channels + channel]) - mean;
    spread += 1 / (inv_std * inv_std) + difference * difference;
  }
  spread /= double(ranks);
  my.mean[channel] = A(mean);
  my.inv_std[channel] = A(1 / sqrt(spread));
  if (!my.running_mean) return;
  const double unbiased = max(spread - kBatchNormEpsilon, 0.0) * my.rows / max(1.0, my.rows - 1);
  my.running_mean[channel] =
      A((1 - kBatchNormMomentum) * double(my.running_mean[channel]) + kBatchNormMomentum * mean);
  my.running_var[channel] =
      A((1 - kBatchNormMomentum) * double(my.running_var[channel]) + kBatchNormMomentum * unbiased);
}

void batch_norm_combine_cuda(Context& context, std::span<const BatchNormCombineArgs> group) {
  dispatch_wide(group[0].means.dtype, [&]<typename A>() {
    const int64_t ranks = group[0].means.shape[0], channels = group[0].means.shape[1];
    const BatchNormGroup<BatchNormCombineMember<A>> kernel_group(
        group, [&](const BatchNormCombineArgs& args, int) {
          return BatchNormCombineMember<A>{.means = static_cast<const A*>(args.means.data),
                                           .inv_stds = static_cast<const A*>(args.inv_stds.data),
                                           .rows = static_cast<double>(ranks * args.rows),
                                           .mean = static_cast<A*>(args.mean.data),
                                           .inv_std = static_cast<A*>(args.inv_std.data),
                                           .running_mean = static_cast<A*>(args.running_mean.data),
                                           .running_var = static_cast<A*>(args.running_var.data)};
        });
    cuda::launch(
        batch_norm_combine_kernel<A>,
        dim3(cuda::blocks_for(channels, kThreadsPerBlock), static_cast<unsigned>(group.size())),
        dim3(kThreadsPerBlock), 0, cuda::stream(context), kernel_group, ranks, channels);
  });
}

}  // namespace lanet
