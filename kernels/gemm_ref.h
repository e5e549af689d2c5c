// Definition of the operation; the contract is in gemm.h.
#pragma once

#include "kernels/gemm.h"

namespace lanet {

/// T: the type of a and b, C: of c.
template <typename T, typename C = T>
void gemm_ref(const GemmArgs& args) {
  using A = accumulate_t<T>;
  const T* a = static_cast<const T*>(args.a.data);
  const T* b = static_cast<const T*>(args.b.data);
  C* c = static_cast<C*>(args.c.data);
#pragma omp parallel for if (args.m * args.n * args.k > 1 << 15)
  for (int64_t i = 0; i < args.m; ++i) {
    for (int64_t j = 0; j < args.n; ++j) {
      A sum = 0;
      for (int64_t l = 0; l < args.k; ++l) {
        const A left = A(args.transpose_a ? a[l * args.lda + i] : a[i * args.lda + l]);
        const A right = A(args.transpose_b ? b[j * args.ldb + l] : b[l * args.ldb + j]);
        sum += left * right;
      }
      write_gradient(c[i * args.ldc + j], sum, args.add);
    }
  }
}

inline void gemm_ref(const GemmArgs& args) {
  dispatch_float(args.a.dtype, [&]<typename T>() {
    if (args.c.dtype == args.a.dtype)
      gemm_ref<T>(args);
    else
      gemm_ref<T, accumulate_t<T>>(args);
  });
}

}  // namespace lanet
