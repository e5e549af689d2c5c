// Convolution on CUDA as it is defined, with sums in double: for proof, and for f64, which cuDNN is
// not asked for. One thread an element of the result, in the definition's order of summation.
#include "core/cuda/device.cuh"
#include "core/cuda/launch.h"
#include "kernels/conv2d/conv2d_cuda.h"
#include "kernels/dispatch.h"

namespace lanet {

namespace {
constexpr unsigned kThreadsPerBlock = 256;
}

template <typename T>
struct Conv2dExactKernelArgs {
  Conv2dShape shape;
  int64_t out_height, out_width;
  const T *x, *weight, *dy;  // those that are read
  T* result;                 // y, or the gradient of x or of the weight
  bool add;
  int64_t elements;  // of the result

  __device__ void write(int64_t e, double sum) const {
    result[e] = static_cast<T>(add ? result[e] + sum : sum);
  }
};

/// This thread's element of the result; elements or more: none.
__device__ inline int64_t my_element() {
  return int64_t{blockIdx.x} * kThreadsPerBlock + threadIdx.x;
}

template <typename T>
__global__ void conv2d_exact_kernel(Conv2dExactKernelArgs<T> args) {
  const Conv2dShape& s = args.shape;
  const int64_t e = my_element();
  if (e >= args.elements) return;
  const int64_t o = e % s.out_channels, pixel = e / s.out_channels;
  const int64_t j = pixel % args.out_width, i = pixel / args.out_width % args.out_height;
  const int64_t b = pixel / args.out_width / args.out_height;
  double sum = 0;
  for (int64_t u = 0; u < s.kernel; ++u) {
    for (int64_t v = 0; v < s.kernel; ++v) {
      const int64_t h = i * s.stride - s.padding + u, w = j * s.stride - s.padding + v;
      if (h < 0 || h >= s.height || w < 0 || w >= s.width) continue;
      const T* pixels = args.x + ((b * s.height + h) * s.width + w) * s.in_channels;
      const T* weights = args.weight + ((o * s.kernel + u) * s.kernel + v) * s.in_channels;
      for (int64_t c = 0; c < s.in_channels; ++c) sum += double(pixels[c]) * double(weights[c]);
    }
  }
  args.write(e, sum);
}

template <typename T>
__global__ void conv2d_exact_backward_data_kernel(Conv2dExactKernelArgs<T> args) {
  const Conv2dShape& s = args.shape;
  const int64_t e = my_element();
  if (e >= args.elements) return;
  const int64_t c = e % s.in_channels, pixel = e / s.in_channels;
  const int64_t w = pixel % s.width, h = pixel / s.width % s.height;
  const int64_t b = pixel / s.width / s.height;
  double sum = 0;
  for (int64_t u = 0; u < s.kernel; ++u) {
    for (int64_t v = 0; v < s.kernel; ++v) {
      // The output pixel whose window has (h, w) at (u, v), if there is one.
      const int64_t down = h + s.padding - u, across = w + s.padding - v;
      if (down < 0 || down % s.stride != 0 || across < 0 || across % s.stride != 0) continue;
      const int64_t i = down / s.stride, j = across / s.stride;
      if (i >= args.out_height || j >= args.out_width) continue;
      const T* dy = args.dy + ((b * args.out_height + i) * args.out_width + j) * s.out_channels;
      for (int64_t o = 0; o < s.out_channels; ++o)
        sum += double(dy[o]) *
               double(args.weight[((o * s.kernel + u) * s.kernel + v) * s.in_channels + c]);
    }
  }
  args.write(e, sum);
}

template <typename T>
__global__ void conv2d_exact_backward_weight_kernel(Conv2dExactKernelArgs<T> args) {
  const Conv2dShape& s = args.shape;
  const int64_t e = my_element();
  if (e >= args.elements) return;
  const int64_t c = e % s.in_channels, tap = e / s.in_channels;
  const int64_t v = tap % s.kernel, u = tap / s.kernel % s.kernel;
  const int64_t o = tap / s.kernel / s.kernel;
  double sum = 0;
  for (int64_t b = 0; b < s.batch; ++b) {
    for (int64_t i = 0; i < args.out_height; ++i) {
      const int64_t h = i * s.stride - s.padding + u;
      if (h < 0 || h >= s.height) continue;
      for (int64_t j = 0; j < args.out_width; ++j) {
        const int64_t w = j * s.stride - s.padding + v;
        if (w < 0 || w >= s.width) continue;
        sum +=
            double(args.x[((b * s.height + h) * s.width + w) * s.in_channels + c]) *
            double(args.dy[((b * args.out_height + i) * args.out_width + j) * s.out_channels + o]);
      }
    }
  }
  args.write(e, sum);
}

namespace {

template <typename T>
void launch_exact(Context& context, void (*kernel)(Conv2dExactKernelArgs<T>), const Conv2dShape& s,
                  const Tensor& x, const Tensor& weight, const Tensor& dy, const Tensor& result,
                  bool add) {
  auto read = [](const Tensor& tensor) { return static_cast<const T*>(tensor.data); };
  cuda::launch(kernel, dim3(cuda::blocks_for(result.elements(), kThreadsPerBlock)),
               dim3(kThreadsPerBlock), 0, cuda::stream(context),
               Conv2dExactKernelArgs<T>{.shape = s,
                                        .out_height = s.out_height(),
                                        .out_width = s.out_width(),
                                        .x = read(x),
                                        .weight = read(weight),
                                        .dy = read(dy),
                                        .result = static_cast<T*>(result.data),
                                        .add = add,
                                        .elements = result.elements()});
}

}  // namespace

void conv2d_exact_cuda(Context& context, const Conv2dShape& s, const Conv2dArgs& args) {
  dispatch_wide(s.dtype, [&]<typename T>() {
    launch_exact<T>(context, conv2d_exact_kernel<T>, s, args.x, args.weight, {}, args.y, false);
  });
}

void conv2d_exact_backward_data_cuda(Context& context, const Conv2dShape& s,
                                     const Conv2dBackwardDataArgs& args) {
  dispatch_wide(s.dtype, [&]<typename T>() {
    launch_exact<T>(context, conv2d_exact_backward_data_kernel<T>, s, {}, args.weight, args.dy,
                    args.dx.tensor, args.dx.add);
  });
}

void conv2d_exact_backward_weight_cuda(Context& context, const Conv2dShape& s,
                                       const Conv2dBackwardWeightArgs& args) {
  dispatch_wide(s.dtype, [&]<typename T>() {
    launch_exact<T>(context, conv2d_exact_backward_weight_kernel<T>, s, args.x, {}, args.dy,
                    args.dweight.tensor, args.dweight.add);
  });
}

}  // namespace lanet
