#include "kernels/weight_product.h"

#include "core/operation.h"
#include "kernels/cast.h"
#include "kernels/gemm.h"

namespace lanet {

namespace {

void require_factors(const Tensor& a, const Tensor& b) {
  LANET_REQUIRE(a && a.shape.rank() == 2 && (a.dtype == DType::f32 || a.dtype == DType::f64),
                "a is {} {}", a.dtype, a.shape);
  LANET_REQUIRE(b && b.shape.rank() == 2, "b is {}", b.shape);
  require_tensor(b, {a.shape[1], b.shape[1]}, a.dtype, "b");
}

}  // namespace

void weight_product(Context& context, const WeightProductArgs& args) {
  require_factors(args.a, args.b);
  const int64_t rows = args.a.shape[0], inner = args.a.shape[1], columns = args.b.shape[1];
  const bool rounded = args.a.dtype == DType::f32 && args.y.dtype == DType::bf16;
  require_tensor(args.y, {rows, columns}, rounded ? DType::bf16 : args.a.dtype, "y");
  const Operation operation(
      context, "weight_product",
      {.launches = rounded ? 2 : 1,
       .bytes = bytes_of({args.a, args.b, args.y}) + (rounded ? 4 * bytes_of({args.y}) : 0),
       .flops = 2 * static_cast<double>(rows * columns * inner),
       .product = args.a.dtype});
  if (!operation.runs()) return;
  Tensor product = args.y;
  if (rounded) {
    product.dtype = DType::f32;
    product.data = context.workspace(weight_product_workspace_bytes(args.y.shape, args.y.dtype));
  }
  gemm(context, {.m = rows,
                 .n = columns,
                 .k = inner,
                 .a = args.a,
                 .lda = inner,
                 .b = args.b,
                 .ldb = columns,
                 .c = product,
                 .ldc = columns});
  if (rounded) cast(context, {.from = product, .to = args.y});
}

size_t weight_product_workspace_bytes(const Shape& y, DType dtype) {
  return dtype == DType::bf16 ? static_cast<size_t>(y.elements()) * size_of(DType::f32) : 0;
}

void weight_product_backward(Context& context, const WeightProductBackwardArgs& args) {
  require_factors(args.a, args.b);
  const int64_t rows = args.a.shape[0], inner = args.a.shape[1], columns = args.b.shape[1];
  require_tensor(args.dy, {rows, columns}, args.a.dtype, "dy");
  const int products = (args.da ? 1 : 0) + (args.db ? 1 : 0);
  const Operation operation(
      context, "weight_product_backward",
      {.launches = products,
       .bytes = products * bytes_of({args.dy}) + (args.da ? bytes_of({args.b}) : 0) +
                (args.db ? bytes_of({args.a}) : 0) + bytes_of({args.da, args.db}),
       .flops = 2.0 * products * static_cast<double>(rows * columns * inner),
       .product = args.a.dtype});
  if (!operation.runs()) return;
  if (args.da) {
    require_tensor(args.da.tensor, args.a.shape, args.a.dtype, "da");
    gemm(context, {.m = rows,
                   .n = inner,
                   .k = columns,
                   .a = args.dy,
                   .lda = columns,
                   .b = args.b,
                   .ldb = columns,
                   .transpose_b = true,
                   .c = args.da.tensor,
                   .ldc = inner,
                   .add = args.da.add});
  }
  if (args.db) {
    require_tensor(args.db.tensor, args.b.shape, args.b.dtype, "db");
    gemm(context, {.m = inner,
                   .n = columns,
                   .k = rows,
                   .a = args.a,
                   .lda = inner,
                   .transpose_a = true,
                   .b = args.dy,
                   .ldb = columns,
                   .c = args.db.tensor,
                   .ldc = columns,
                   .add = args.db.add});
  }
}

}  // namespace lanet
