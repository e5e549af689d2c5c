// Kullback-Leibler divergence on CUDA: one block, a warp a row, as in softmax_cross_entropy.cu.
#include "kernels/kl_divergence.h"

#include "core/cuda/launch.h"
#include "core/cuda/values.cuh"
#include "kernels/cuda_operations.h"
#include "kernels/softmax_row.cuh"

namespace lanet {

/// A gradient that is not wanted is null.
template <typename T>
struct KlDivergenceKernelArgs {
  const T* target;
  const T* logits;
  accumulate_t<T>* loss;
  T* dtarget;
  T* dlogits;
  accumulate_t<T> scale;
  int64_t batch, classes;
  bool add_to_dtarget, add_to_dlogits;
};

template <typename T>
__global__ void __launch_bounds__(kClassLossThreads)
    kl_divergence_kernel(KlDivergenceKernelArgs<T> args) {
  using A = accumulate_t<T>;
  const unsigned lane = threadIdx.x % 32;
  A sum = 0;  // of this lane's classes
  for (int64_t b = threadIdx.x / 32; b < args.batch; b += kClassLossThreads / 32) {
    const int64_t row = b * args.classes;
    const auto softmax = warp_softmax(args.logits + row, args.classes);
    A mass = 0;
    for (int64_t c = lane; c < args.classes; c += 32) mass += cuda::load(args.target + row + c);
    mass = cuda::warp_sum(mass);
    for (int64_t c = lane; c < args.classes; c += 32) {
      const A t = cuda::load(args.target + row + c);
      const A log_p = softmax.log_probability(cuda::load(args.logits + row + c));
      const A log_ratio = t > 0 ? log(t) - log_p : A(0);
      sum += t * log_ratio;
      if (args.dlogits)
        cuda::store_gradient<1>(args.dlogits + row + c, {args.scale * (exp(log_p) * mass - t)},
                                args.add_to_dlogits);
      if (args.dtarget)
        cuda::store_gradient<1>(args.dtarget + row + c,
                                {t > 0 ? args.scale * (log_ratio + 1) : A(0)}, args.add_to_dtarget);
    }
  }
  sum = sum_over_warps(cuda::warp_sum(sum));
  if (threadIdx.x == 0) *args.loss = sum / A(args.batch);
}

void kl_divergence_cuda(Context& context, const KlDivergenceArgs& args) {
  dispatch_float(args.logits.dtype, [&]<typename Host>() {
    using T = cuda::device_t<Host>;
    using A = accumulate_t<Host>;
    const int64_t batch = args.logits.shape[0];
    cuda::launch(kl_divergence_kernel<T>, dim3(1), dim3(kClassLossThreads), 0,
                 cuda::stream(context),
                 KlDivergenceKernelArgs<T>{.target = static_cast<const T*>(args.target.data),
                                           .logits = static_cast<const T*>(args.logits.data),
                                           .loss = static_cast<A*>(args.loss.data),
                                           .dtarget = static_cast<T*>(args.dtarget.tensor.data),
                                           .dlogits = static_cast<T*>(args.dlogits.tensor.data),
                                           .scale = A(args.scale / static_cast<double>(batch)),
                                           .batch = batch,
                                           .classes = args.logits.shape[1],
                                           .add_to_dtarget = args.dtarget.add,
                                           .add_to_dlogits = args.dlogits.add});
  });
}

}  // namespace lanet
