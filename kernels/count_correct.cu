// Counting right predictions on CUDA: one block for the batch, a thread a sample.
#include "core/cuda/device.cuh"
#include "core/cuda/launch.h"
#include "kernels/count_correct.h"
#include "kernels/cuda_operations.h"

namespace lanet {

namespace {
constexpr unsigned kThreadsPerBlock = 256;
constexpr unsigned kWarpsPerBlock = kThreadsPerBlock / 32;
}  // namespace

template <typename T>
__global__ void __launch_bounds__(kThreadsPerBlock)
    count_correct_kernel(const T* logits, const int32_t* labels, int32_t* correct, int64_t batch,
                         int64_t classes) {
  __shared__ int32_t of_warp[kWarpsPerBlock];
  int32_t count = 0;
  for (int64_t i = threadIdx.x; i < batch; i += kThreadsPerBlock) {
    const T* row = logits + i * classes;
    int64_t best = 0;
    for (int64_t c = 1; c < classes; ++c)
      if (cuda::load(row + c) > cuda::load(row + best)) best = c;
    count += best == labels[i] ? 1 : 0;
  }
  count = __reduce_add_sync(0xFFFFFFFFu, count);
  if (threadIdx.x % 32 == 0) of_warp[threadIdx.x / 32] = count;
  __syncthreads();
  if (threadIdx.x == 0) {
    int32_t sum = 0;
    for (const int32_t its_count : of_warp) sum += its_count;
    *correct = sum;
  }
}

void count_correct_cuda(Context& context, const CountCorrectArgs& args) {
  dispatch_float(args.logits.dtype, [&]<typename Host>() {
    using T = cuda::device_t<Host>;
    cuda::launch(count_correct_kernel<T>, dim3(1), dim3(kThreadsPerBlock), 0, cuda::stream(context),
                 static_cast<const T*>(args.logits.data), args.labels.as<int32_t>(),
                 args.correct.as<int32_t>(), args.logits.shape[0], args.logits.shape[1]);
  });
}

}  // namespace lanet
