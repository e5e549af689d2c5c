// Matrix product on row-major matrices: the library product under linear layers, pair scores and
// the contrastive loss.
#pragma once

#include "core/context.h"

namespace lanet {

/// c = op(a)·op(b), or c += op(a)·op(b) with add. op(a): [m, k], op(b): [k, n], c: [m, n]; a
/// transposed operand is stored [k, m] or [n, k]. lda, ldb, ldc: elements from one stored row to
/// the next. a and b of one dtype (f32, f64, bf16), c of that one or of accumulate_dtype; sums in
/// accumulate_dtype. The pointers need not start a tensor: parts of rows may be used. Deterministic
/// for a given number of threads. On CUDA f32 is multiplied as it is, or as TF32 where the context
/// says so.
struct GemmArgs {
  int64_t m, n, k;
  Tensor a;
  int64_t lda;
  bool transpose_a = false;
  Tensor b;
  int64_t ldb;
  bool transpose_b = false;
  Tensor c;
  int64_t ldc;
  bool add = false;
};
void gemm(Context& context, const GemmArgs& args);

/// A tensor that starts `elements` elements further on, of unchanged shape: for parts of rows.
inline Tensor offset(const Tensor& tensor, int64_t elements) {
  Tensor moved = tensor;
  moved.data = static_cast<std::byte*>(tensor.data) + elements * size_of(tensor.dtype);
  return moved;
}

}  // namespace lanet
