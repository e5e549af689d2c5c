// Matrix products on CUDA, and what is made of them, against the definitions in double.
#include "kernels/gemm.h"
#include "kernels/gemm_cases.h"
#include "kernels/gemm_ref.h"
#include "kernels/weight_product.h"
#include "kernels/weight_product_cases.h"
#include "kernels/weight_product_ref.h"
#include "tests/device_test.h"

namespace lanet::test {
namespace {

/// One product: transpositions, adding, and rows with something between them.
struct Product {
  GemmCase size;
  DType operands, sums;
  bool transpose_a, transpose_b, add;

  HostTensor a() const {
    return HostTensor::random(transpose_a ? Shape{size.k, size.m + 2} : Shape{size.m, size.k + 2},
                              operands, 1);
  }
  HostTensor b() const {
    return HostTensor::random(transpose_b ? Shape{size.n, size.k + 1} : Shape{size.k, size.n + 1},
                              operands, 2);
  }
  HostTensor c() const { return HostTensor::random({size.m, size.n + 3}, sums, 3); }

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
  HostTensor on_device() const {
    Context context(Device::cuda);
    const DeviceTensor left(context, a()), right(context, b()), out(context, c());
    gemm(context, args(left, right, out));
    return out.download();
  }
  HostTensor exactly() const {
    const HostTensor left = a().cast(DType::f64), right = b().cast(DType::f64);
    HostTensor out = c().cast(DType::f64);
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
        const HostTensor fast = product.on_device();
        CHECK(relative_error(fast, product.exactly()) < rounding_bound(types.sums, c.k, 2));
        CHECK(product.on_device().bits_equal(fast));
      }
    }
  }
}

TEST_CASE("cuda: weight_product and its gradients follow the double definition") {
  if (skip_without_device()) return;
  for (const auto& c : kWeightProductCases) {
    if (c.bench) continue;
    CAPTURE(c.inner);
    const auto a = HostTensor::random({c.rows, c.inner}, DType::f32, 1),
               b = HostTensor::random({c.inner, c.columns}, DType::f32, 2),
               dy = HostTensor::random({c.rows, c.columns}, DType::f32, 3),
               da_start = HostTensor::random({c.rows, c.inner}, DType::f32, 4),
               db_start = HostTensor::random({c.inner, c.columns}, DType::f32, 5);
    const auto a64 = a.cast(DType::f64), b64 = b.cast(DType::f64), dy64 = dy.cast(DType::f64);
    HostTensor exact({c.rows, c.columns}, DType::f64);
    weight_product_ref<double>({.a = a64, .b = b64, .y = exact});
    Context context(Device::cuda);
    context.reserve_workspace(weight_product_workspace_bytes({c.rows, c.columns}, DType::bf16));
    const DeviceTensor a_device(context, a), b_device(context, b), dy_device(context, dy);
    for (const DType output : {DType::f32, DType::bf16}) {
      const DeviceTensor y(context, HostTensor({c.rows, c.columns}, output));
      weight_product(context, {.a = a_device, .b = b_device, .y = y});
      CHECK(relative_error(y.download(), exact) < rounding_bound(output, c.inner, 1));
    }
    for (const bool add : {false, true}) {
      CAPTURE(add);
      const DeviceTensor da(context, add ? da_start : HostTensor({c.rows, c.inner}, DType::f32)),
          db(context, add ? db_start : HostTensor({c.inner, c.columns}, DType::f32));
      weight_product_backward(
          context,
          {.a = a_device, .b = b_device, .dy = dy_device, .da = {da, add}, .db = {db, add}});
      const HostTensor da64 = da_start.cast(DType::f64), db64 = db_start.cast(DType::f64);
      weight_product_backward_ref<double>(
          {.a = a64, .b = b64, .dy = dy64, .da = {da64, add}, .db = {db64, add}});
      CHECK(relative_error(da.download(), da64) < rounding_bound(DType::f32, c.columns, 1));
      CHECK(relative_error(db.download(), db64) < rounding_bound(DType::f32, c.rows, 1));
    }
  }
}

}  // namespace lanet::test
