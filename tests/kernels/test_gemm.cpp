#include "kernels/gemm.h"
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
        const bool ta = variant & 1, tb = variant & 2, add = variant & 4;
        const Shape a_shape = ta ? Shape{c.k, c.m + 2} : Shape{c.m, c.k + 2};
        const Shape b_shape = tb ? Shape{c.n, c.k + 1} : Shape{c.k, c.n + 1};
        const auto a = OwnedTensor::random(a_shape, dtype, 1),
                   b = OwnedTensor::random(b_shape, dtype, 2);
        const auto start = OwnedTensor::random({c.m, c.n + 3}, dtype, 3);
        OwnedTensor out = start, exact = start.cast(DType::f64);
        GemmArgs args{.m = c.m,
                      .n = c.n,
                      .k = c.k,
                      .a = a,
                      .lda = a_shape.back(),
                      .transpose_a = ta,
                      .b = b,
                      .ldb = b_shape.back(),
                      .transpose_b = tb,
                      .c = out,
                      .ldc = c.n + 3,
                      .add = add};
        gemm(context, args);
        const auto a64 = a.cast(DType::f64), b64 = b.cast(DType::f64);
        args.a = a64, args.b = b64, args.c = exact;
        gemm_ref<double>(args);
        CAPTURE(variant);
        CAPTURE(c.k);
        CHECK(relative_error(out, exact) < rounding_bound(dtype, c.k, 2));
        CHECK(out.guards_intact());
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
