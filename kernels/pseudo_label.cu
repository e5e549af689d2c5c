// Pseudo labels on CUDA: a thread a row, whose few classes share a line of memory.
#include "kernels/pseudo_label.h"

#include "core/cuda/launch.h"
#include "kernels/cuda_operations.h"
#include "kernels/dispatch.h"

namespace lanet {

namespace {
constexpr unsigned kThreadsPerBlock = 128;
}

template <typename T>
__global__ void pseudo_label_kernel(const T* target, const int32_t* sample_indices, int32_t* labels,
                                    T threshold, int64_t rows, int64_t classes) {
  const int64_t row = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (row >= rows) return;
  int64_t best = 0;
  T largest = target[row * classes];
  for (int64_t c = 1; c < classes; ++c) {
    const T value = target[row * classes + c];
    if (value > largest) {
      largest = value;
      best = c;
    }
  }
  labels[row] = largest >= threshold ? static_cast<int32_t>(best) : -(sample_indices[row] + 1);
}

void pseudo_label_cuda(Context& context, const PseudoLabelArgs& args) {
  dispatch_wide(args.target.dtype, [&]<typename T>() {
    const int64_t rows = args.target.shape[0];
    cuda::launch(pseudo_label_kernel<T>, dim3(cuda::blocks_for(rows, kThreadsPerBlock)),
                 dim3(kThreadsPerBlock), 0, cuda::stream(context),
                 static_cast<const T*>(args.target.data),
                 static_cast<const int32_t*>(args.sample_indices.data),
                 static_cast<int32_t*>(args.labels.data), static_cast<T>(args.threshold), rows,
                 args.target.shape[1]);
  });
}

}  // namespace lanet
