#include "kernels/gemm_cases.h"
#include "kernels/gemm_ref.h"
#include "tests/op_test.h"

namespace lanet::test {

TEST_CASE("gemm: all transpositions, strides, set and add follow the double definition") {
  Context context;
  for (const DType dtype : {DType::f32, DType::bf16}) {
    for (const auto& c : kGemmCases) {
      if (c.bench && dtype == DType::bf16) continue;
      for (int variant = 0; variant < 8; ++variant) {
        const GemmTensors fast(c, GemmVariant::of(variant), dtype, dtype),
            exact = cast_all(fast, DType::f64);
        gemm(context, fast.args());
        gemm_ref<double>(exact.args());
        CAPTURE(variant);
        CAPTURE(c.k);
        CHECK(relative_error(fast.c, exact.c) < rounding_bound(dtype, c.k, 2));
        CHECK(fast.c.guards_intact());
      }
    }
  }
}

TEST_CASE("gemm: a row stride shorter than the row is refused") {
  Context context;
  OwnedTensor a({2, 3}, DType::f32), b({3, 2}, DType::f32), c({2, 2}, DType::f32);
  CHECK_THROWS_AS(
      gemm(context, {.m = 2, .n = 2, .k = 3, .a = a, .lda = 2, .b = b, .ldb = 2, .c = c, .ldc = 2}),
      Error);
}

}  // namespace lanet::test
