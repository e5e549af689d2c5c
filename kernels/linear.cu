// Fully connected layers on CUDA: the products by the library, bias, ReLU and the bias's gradient
// here.
#include "core/cuda/device.cuh"
#include "core/cuda/launch.h"
#include "kernels/column_sums.cuh"
#include "kernels/cuda_operations.h"
#include "kernels/linear_product.h"

namespace lanet {

namespace {
constexpr unsigned kThreadsPerBlock = 256;
}

/// y: [rows, width], the product; bias: [width] or null.
template <typename T>
__global__ void linear_bias_kernel(T* y, const accumulate_t<T>* bias, bool relu, int64_t elements,
                                   int64_t width) {
  using A = accumulate_t<T>;
  const int64_t e = int64_t{blockIdx.x} * kThreadsPerBlock + threadIdx.x;
  if (e >= elements) return;
  const A sum = cuda::load(y + e) + (bias ? bias[e % width] : A(0));
  cuda::store(y + e, relu && sum < 0 ? A(0) : sum);
}

/// dy where the ReLU let something through, and 0 elsewhere.
template <typename T>
__global__ void linear_mask_kernel(const T* y, const T* dy, T* masked, int64_t elements) {
  const int64_t e = int64_t{blockIdx.x} * kThreadsPerBlock + threadIdx.x;
  if (e < elements) cuda::store(masked + e, cuda::load(y + e) > 0 ? cuda::load(dy + e) : 0);
}

void linear_cuda(Context& context, const LinearArgs& args) {
  const int64_t batch = args.y.shape[0], out = args.y.shape[1];
  linear_product(context, args);
  if (!args.bias && !args.relu) return;
  dispatch_float(args.y.dtype, [&]<typename Host>() {
    using T = cuda::device_t<Host>;
    cuda::launch(linear_bias_kernel<T>, dim3(cuda::blocks_for(batch * out, kThreadsPerBlock)),
                 dim3(kThreadsPerBlock), 0, cuda::stream(context), static_cast<T*>(args.y.data),
                 static_cast<const accumulate_t<T>*>(args.bias.data), args.relu, batch * out, out);
  });
}

void linear_backward_cuda(Context& context, const LinearBackwardArgs& args) {
  const int64_t batch = args.dy.shape[0], out = args.dy.shape[1];
  Tensor g = args.dy;
  dispatch_float(args.dy.dtype, [&]<typename Host>() {
    using T = cuda::device_t<Host>;
    if (args.relu) {
      g.data = context.workspace(linear_backward_workspace_bytes(g.shape, g.dtype, args.relu));
      cuda::launch(linear_mask_kernel<T>, dim3(cuda::blocks_for(batch * out, kThreadsPerBlock)),
                   dim3(kThreadsPerBlock), 0, cuda::stream(context),
                   static_cast<const T*>(args.y.data), static_cast<const T*>(args.dy.data),
                   static_cast<T*>(g.data), batch * out);
    }
    column_sums<T>(context, static_cast<const T*>(g.data), batch, out, args.dbias);
  });
  linear_gradient_products(context, args, g);
}

}  // namespace lanet
