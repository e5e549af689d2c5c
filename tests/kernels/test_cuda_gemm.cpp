// Matrix products on CUDA against the definition in double.
#include "kernels/gemm.h"
#include "kernels/gemm_cases.h"
#include "kernels/gemm_ref.h"
#include "tests/device_test.h"

namespace lanet::test {
namespace {

/// One product: transpositions, adding, and rows with something between them.
struct Product {
  GemmCase size;
  DType operands, sums;
  bool transpose_a, transpose_b, add;

  OwnedTensor a() const {
    return OwnedTensor::random(transpose_a ? Shape{size.k, size.m + 2} : Shape{size.m, size.k + 2},
                               operands, 1);
  }
  OwnedTensor b() const {
    return OwnedTensor::random(transpose_b ? Shape{size.n, size.k + 1} : Shape{size.k, size.n + 1},
                               operands, 2);
  }
  OwnedTensor c() const { return OwnedTensor::random({size.m, size.n + 3}, sums, 3); }

  GemmArgs args(const Tensor& a, const Tensor& b, const Tensor& c) const {
    return {.m = size.m,
            .n = size.n,
            .k = size.k,
            .a = a,
            .lda = a.shape.back(),
            .transpose_a = transpose_a,
            .b = b,
            .ldb = b.shape.back(),
            .transpose_b = transpose_b,
            .c = c,
            .ldc = c.shape.back(),
            .add = add};
  }
  OwnedTensor on_device() const {
    Context context(Device::cuda);
    const OwnedTensor left(context, a()), right(context, b()), out(context, c());
    gemm(context, args(left, right, out));
    return out.download();
  }
  OwnedTensor exactly() const {
    const OwnedTensor left = a().cast(DType::f64), right = b().cast(DType::f64);
    OwnedTensor out = c().cast(DType::f64);
    gemm_ref<double>(args(left, right, out));
    return out;
  }
};

}  // namespace

TEST_CASE("cuda: gemm: all transpositions, strides, set and add, twice the same") {
  if (skip_without_device()) return;
  struct Types {
    DType operands, sums;
  };
  for (const Types types : {Types{DType::f32, DType::f32}, Types{DType::bf16, DType::bf16},
                            Types{DType::bf16, DType::f32}, Types{DType::f64, DType::f64}}) {
    for (const auto& c : kGemmCases) {
      if (c.bench) continue;
      for (int variant = 0; variant < 8; ++variant) {
        CAPTURE(to_string(types.operands));
        CAPTURE(to_string(types.sums));
        CAPTURE(c.k);
        CAPTURE(variant);
        const Product product{c,
                              types.operands,
                              types.sums,
                              (variant & 1) != 0,
                              (variant & 2) != 0,
                              (variant & 4) != 0};
        const OwnedTensor fast = product.on_device();
        CHECK(relative_error(fast, product.exactly()) < rounding_bound(types.sums, c.k, 2));
        CHECK(product.on_device().bits_equal(fast));
      }
    }
  }
}

}  // namespace lanet::test
