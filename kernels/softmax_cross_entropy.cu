// Cross entropy on CUDA: one block, a warp a row. A batch of logits is a few kilobytes, and in one
// block the loss is summed without a second launch.
#include "kernels/softmax_cross_entropy.h"

#include "core/cuda/launch.h"
#include "core/cuda/values.cuh"
#include "kernels/cuda_operations.h"
#include "kernels/softmax_row.cuh"

namespace lanet {

/// dlogits is null if it is not wanted. A target is of_each in every class, and of_label more in
/// that of the label.
template <typename T>
__global__ void __launch_bounds__(kClassLossThreads)
    softmax_cross_entropy_kernel(const T* logits, const int32_t* labels, accumulate_t<T>* loss,
                                 T* dlogits, bool add, accumulate_t<T> scale,
                                 accumulate_t<T> of_label, accumulate_t<T> of_each, int64_t batch,
                                 int64_t classes) {
  using A = accumulate_t<T>;
  const unsigned lane = threadIdx.x % 32;
  A sum = 0;
  for (int64_t b = threadIdx.x / 32; b < batch; b += kClassLossThreads / 32) {
    const T* row = logits + b * classes;
    const auto softmax = warp_softmax(row, classes);
    const int32_t label = labels[b];
    const bool is_class = label >= 0 && label < classes;
    sum -= is_class ? of_label * softmax.log_probability(cuda::load(row + label)) : A(NAN);
    if (of_each > 0) {
      A all = 0;
      for (int64_t c = lane; c < classes; c += 32)
        all += softmax.log_probability(cuda::load(row + c));
      sum -= of_each * cuda::warp_sum(all);
    }
    if (!dlogits) continue;
    for (int64_t c = lane; c < classes; c += 32) {
      const A p = exp(softmax.log_probability(cuda::load(row + c)));
      const A target = c == label ? of_label + of_each : of_each;
      cuda::store_gradient<1>(dlogits + b * classes + c, {scale * (p - target)}, add);
    }
  }
  sum = sum_over_warps(sum);
  if (threadIdx.x == 0) *loss = sum / A(batch);
}

void softmax_cross_entropy_cuda(Context& context, const SoftmaxCrossEntropyArgs& args) {
  dispatch_float(args.logits.dtype, [&]<typename Host>() {
    using T = cuda::device_t<Host>;
    using A = accumulate_t<Host>;
    const int64_t batch = args.logits.shape[0], classes = args.logits.shape[1];
    cuda::launch(softmax_cross_entropy_kernel<T>, dim3(1), dim3(kClassLossThreads), 0,
                 cuda::stream(context), static_cast<const T*>(args.logits.data),
                 static_cast<const int32_t*>(args.labels.data), static_cast<A*>(args.loss.data),
                 static_cast<T*>(args.dlogits.tensor.data), args.dlogits.add,
                 A(args.scale / static_cast<double>(batch)), A(1 - args.smoothing),
                 A(args.smoothing / static_cast<double>(classes)), batch, classes);
  });
}

}  // namespace lanet
