// Definition of the operations; the contract is in batch_norm_pool.h.
#pragma once

#include <algorithm>
#include <vector>

#include "kernels/batch_norm/batch_norm_pool.h"
#include "kernels/batch_norm/batch_norm_ref.h"
#include "kernels/pool_ref.h"

namespace lanet {

template <typename T>
void batch_norm_max_pool_ref(const BatchNormMaxPoolArgs& args) {
  using A = accumulate_t<T>;
  for_each_maximum_ref<T>(
      args.x.shape, [&](int64_t n) { return T(std::max(batch_norm_value<T>(args, n), A(0))); },
      [&](int64_t out, T largest, int position) {
        args.y.as<T>()[out] = largest == 0 ? T(A(0)) : largest;
        if (args.argmax)
          args.argmax.as<uint8_t>()[out] =
              largest > 0 ? static_cast<uint8_t>(position) : kMaxPoolCutOff;
      });
}

template <typename T>
void batch_norm_max_pool_backward_reduce_ref(const BatchNormMaxPoolBackwardReduceArgs& args) {
  using A = accumulate_t<T>;
  const int64_t channels = args.x.shape[3];
  const T* x = args.x.as<T>();
  const A *mean = args.mean.as<A>(), *inv_std = args.inv_std.as<A>();
  std::vector<double> sum_dy(channels), sum_dy_xhat(channels);
  for_each_gradient_ref<T>(args.x.shape, args.dy, args.argmax, [&](int64_t n, int64_t c, A g) {
    sum_dy[c] += g;
    sum_dy_xhat[c] += g * ((A(x[n]) - mean[c]) * inv_std[c]);
  });
  for (int64_t c = 0; c < channels; ++c) {
    args.sum_dy.as<A>()[c] = A(sum_dy[c]);
    args.sum_dy_xhat.as<A>()[c] = A(sum_dy_xhat[c]);
    if (args.dweight)
      write_gradient(args.dweight.tensor.as<A>()[c], A(sum_dy_xhat[c]), args.dweight.add);
    if (args.dbias) write_gradient(args.dbias.tensor.as<A>()[c], A(sum_dy[c]), args.dbias.add);
  }
}

template <typename T>
void batch_norm_max_pool_backward_apply_ref(const BatchNormMaxPoolBackwardApplyArgs& args) {
  using A = accumulate_t<T>;
  const A rows = A(args.x.elements() / args.x.shape[3]);
  const T* x = args.x.as<T>();
  const A *mean = args.mean.as<A>(), *inv_std = args.inv_std.as<A>(), *weight = args.weight.as<A>();
  const A *sum_dy = args.sum_dy.as<A>(), *sum_dy_xhat = args.sum_dy_xhat.as<A>();
  for_each_gradient_ref<T>(args.x.shape, args.dy, args.argmax, [&](int64_t n, int64_t c, A g) {
    const A xhat = (A(x[n]) - mean[c]) * inv_std[c];
    const A value =
        weight[c] * inv_std[c] * (g - sum_dy[c] / rows - xhat * (sum_dy_xhat[c] / rows));
    write_gradient(args.dx.tensor.as<T>()[n], value, args.dx.add);
  });
}

}  // namespace lanet
