// The memory bank on CUDA: one block a key. The pointer stays in device memory, and moves in a
// launch of its own, behind the last reader of its old place.
#include "core/cuda/device.cuh"
#include "core/cuda/launch.h"
#include "kernels/cuda_operations.h"
#include "kernels/memory_bank.h"

namespace lanet {

namespace {
constexpr unsigned kThreadsPerBlock = 128;
}

/// T: the keys' type, B: the banks'.
template <typename T, typename B>
__global__ void memory_bank_enqueue_kernel(const T* keys_expression, const T* keys_landmark,
                                           const int32_t* labels, B* bank_expression,
                                           B* bank_landmark, int32_t* bank_labels,
                                           const int32_t* pointer, int64_t width,
                                           int64_t bank_rows) {
  const int64_t key = blockIdx.x;
  const int64_t row = (*pointer + key) % bank_rows;
  if (threadIdx.x == 0) bank_labels[row] = labels[key];
  for (int64_t c = threadIdx.x; c < width; c += blockDim.x) {
    const int64_t from = key * width + c, to = row * width + c;
    cuda::store(bank_expression + to,
                static_cast<accumulate_t<B>>(cuda::load(keys_expression + from)));
    cuda::store(bank_landmark + to, static_cast<accumulate_t<B>>(cuda::load(keys_landmark + from)));
  }
}

__global__ void memory_bank_advance_kernel(int32_t* pointer, int64_t batch, int64_t bank_rows) {
  *pointer = static_cast<int32_t>((*pointer + batch) % bank_rows);
}

void memory_bank_enqueue_cuda(Context& context, const EnqueueArgs& args) {
  const int64_t batch = args.keys_expression.shape[0], width = args.keys_expression.shape[1];
  const int64_t bank_rows = args.bank_labels.shape[0];
  const cudaStream_t stream = cuda::stream(context);
  auto enqueue = [&]<typename T, typename B>() {
    cuda::launch(
        memory_bank_enqueue_kernel<T, B>, dim3(cuda::blocks_for(batch, 1)), dim3(kThreadsPerBlock),
        0, stream, static_cast<const T*>(args.keys_expression.data),
        static_cast<const T*>(args.keys_landmark.data),
        static_cast<const int32_t*>(args.labels.data), static_cast<B*>(args.bank_expression.data),
        static_cast<B*>(args.bank_landmark.data), static_cast<int32_t*>(args.bank_labels.data),
        static_cast<const int32_t*>(args.pointer.data), width, bank_rows);
  };
  dispatch_float(args.keys_expression.dtype, [&]<typename Host>() {
    using T = cuda::device_t<Host>;
    if (args.bank_expression.dtype == args.keys_expression.dtype)
      enqueue.template operator()<T, T>();
    else
      enqueue.template operator()<T, __nv_bfloat16>();
  });
  cuda::launch(memory_bank_advance_kernel, dim3(1), dim3(1), 0, stream,
               static_cast<int32_t*>(args.pointer.data), batch, bank_rows);
}

}  // namespace lanet
