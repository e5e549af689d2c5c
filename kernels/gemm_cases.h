// Sizes and tensors for the tests and the benchmark of gemm.
#pragma once

#include "core/owned_tensor.h"
#include "kernels/gemm.h"

namespace lanet {

struct GemmCase {
  int64_t m, n, k;
  bool bench = false;
};
inline constexpr GemmCase kGemmCases[] = {
    {1, 1, 1}, {3, 5, 7}, {16, 19, 33}, {128, 512, 512, true}, {1024, 128, 256, true}};

struct GemmVariant {
  bool transpose_a = false, transpose_b = false, add = false;
  bool gaps = false;  ///< something lies between the rows

  /// The tests': all there are for i from 0 to 7, with gaps.
  static GemmVariant of(int i) { return {(i & 1) != 0, (i & 2) != 0, (i & 4) != 0, true}; }
};

/// What it reads and writes.
struct GemmTensors {
  GemmCase size;
  GemmVariant variant;
  OwnedTensor a, b, c;

  GemmTensors(const GemmCase& its_size, const GemmVariant& its_variant, DType operands, DType sums,
              Context& context = host_context())
      : size(its_size), variant(its_variant) {
    const auto [m, n, k, bench] = size;
    const auto matrix = [&](int64_t rows, int64_t width, int64_t gap, DType dtype, uint32_t seed) {
      return OwnedTensor::random(context, {rows, width + (variant.gaps ? gap : 0)}, dtype, seed);
    };
    a = variant.transpose_a ? matrix(k, m, 2, operands, 1) : matrix(m, k, 2, operands, 1);
    b = variant.transpose_b ? matrix(n, k, 1, operands, 2) : matrix(k, n, 1, operands, 2);
    c = matrix(m, n, 3, sums, 3);
  }
  std::vector<OwnedTensor*> all() { return {&a, &b, &c}; }
  GemmArgs args() const {
    return {.m = size.m,
            .n = size.n,
            .k = size.k,
            .a = a,
            .lda = a.shape().back(),
            .transpose_a = variant.transpose_a,
            .b = b,
            .ldb = b.shape().back(),
            .transpose_b = variant.transpose_b,
            .c = c,
            .ldc = c.shape().back(),
            .add = variant.add};
  }
};

}  // namespace lanet
