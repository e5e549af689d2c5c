// gemm on plain pointers, for operations that compose several products.
#pragma once

#include "kernels/gemm.h"

namespace lanet {

/// A stored matrix: its first element and the elements from one stored row to the next.
template <typename A>
struct Operand {
  const A* data;
  int64_t stride;
  bool transposed = false;
};

/// c = op(a)·op(b), or c += op(a)·op(b) with add; op(a): [m, k], op(b): [k, n], c: [m, n] with rows
/// c_stride apart.
template <typename A>
void matrix_product(Context& context, int64_t m, int64_t n, int64_t k, const Operand<A>& a,
                    const Operand<A>& b, A* c, int64_t c_stride, bool add = false) {
  auto tensor = [&context](const A* data) {
    return Tensor{const_cast<A*>(data), {}, dtype_of<A>(), context.device()};
  };
  gemm(context, {.m = m,
                 .n = n,
                 .k = k,
                 .a = tensor(a.data),
                 .lda = a.stride,
                 .transpose_a = a.transposed,
                 .b = tensor(b.data),
                 .ldb = b.stride,
                 .transpose_b = b.transposed,
                 .c = tensor(c),
                 .ldc = c_stride,
                 .add = add});
}

}  // namespace lanet
