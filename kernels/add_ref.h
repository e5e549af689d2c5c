// Definition of the operation; the contract is in add.h.
#pragma once

#include "kernels/add.h"

namespace lanet {

template <typename T>
void add_ref(const AddArgs& args) {
  using A = accumulate_t<T>;
  const T *a = args.a.as<T>(), *b = args.b.as<T>();
  T* y = args.y.as<T>();
#pragma omp parallel for simd
  for (int64_t n = 0; n < args.y.elements(); ++n)
    write_gradient(y[n], A(a[n]) + A(b[n]), /*add=*/false);
}

template <typename T>
void add_backward_ref(const AddBackwardArgs& args) {
  using A = accumulate_t<T>;
  const T* dy = args.dy.as<T>();
  for (const Gradient& gradient : {args.da, args.db}) {
    if (!gradient) continue;
    T* dx = gradient.tensor.as<T>();
#pragma omp parallel for simd
    for (int64_t n = 0; n < args.dy.elements(); ++n) write_gradient(dx[n], A(dy[n]), gradient.add);
  }
}

}  // namespace lanet
