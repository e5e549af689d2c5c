// The bank of label distributions on CUDA: a warp a position. Of positions with the same sample
// only the last writes, so no two warps write one row.
#include "kernels/label_bank.h"

#include "core/cuda/launch.h"
#include "kernels/cuda_operations.h"
#include "kernels/dispatch.h"

namespace lanet {

namespace {
constexpr unsigned kThreadsPerBlock = 128;
constexpr unsigned kPositionsPerBlock = kThreadsPerBlock / 32;
}  // namespace

template <typename T>
__global__ void __launch_bounds__(kThreadsPerBlock)
    label_bank_store_kernel(const T* target, const int32_t* sample_indices, T* bank, int64_t n,
                            int64_t classes) {
  const int64_t position = int64_t{blockIdx.x} * kPositionsPerBlock + threadIdx.x / 32;
  if (position >= n) return;
  const int64_t lane = threadIdx.x % 32, sample = sample_indices[position];
  bool again = false;
  for (int64_t later = position + 1 + lane; later < n; later += 32)
    again = again || sample_indices[later] == sample;
  if (__any_sync(0xFFFFFFFFu, again)) return;
  for (int64_t c = lane; c < classes; c += 32)
    bank[sample * classes + c] = target[position * classes + c];
}

void label_bank_store_cuda(Context& context, const LabelBankStoreArgs& args) {
  dispatch_wide(args.target.dtype, [&]<typename T>() {
    const int64_t n = args.target.shape[0];
    cuda::launch(label_bank_store_kernel<T>, dim3(cuda::blocks_for(n, kPositionsPerBlock)),
                 dim3(kThreadsPerBlock), 0, cuda::stream(context),
                 static_cast<const T*>(args.target.data),
                 static_cast<const int32_t*>(args.sample_indices.data),
                 static_cast<T*>(args.bank.data), n, args.target.shape[1]);
  });
}

}  // namespace lanet
