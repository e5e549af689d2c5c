#include "kernels/lateral_product.h"

#include "kernels/checks.h"
#include "kernels/cuda_operations.h"
#include "kernels/dispatch.h"
#include "kernels/gemm.h"
#include "kernels/lateral_product_ref.h"

namespace lanet {

namespace {

/// The matrix [R, D], whose dtype is that of the sums.
void require_single(const Tensor& matrix, const char* name) {
  require_rank(matrix, 2, name);
  LANET_REQUIRE(matrix.dtype == DType::f32 || matrix.dtype == DType::f64, "{} is {}", name,
                matrix.dtype);
}

/// Four matrices of `rows` rows, and of any numbers of columns.
void require_rows(const LateralTensors& matrices, int64_t rows, DType dtype, const char* name) {
  for (const Tensor& matrix : matrices) {
    require_rank(matrix, 2, name);
    require_tensor(matrix, {rows, matrix.shape[1]}, dtype, name);
  }
}

/// R·D products for each column of the laterals; `one` is the matrix [R, D].
Cost product_cost(const Tensor& one, const LateralTensors& columns, double bytes) {
  Cost cost{.bytes = bytes, .product = one.dtype};
  for (const Tensor& matrix : columns)
    cost.flops += 2 * static_cast<double>(one.elements() * matrix.shape[1]);
  return cost;
}

/// Of the matrices that may be rounded, the first of which is `matrix`: beside f32 bf16 or f32.
DType rounded_dtype(DType dtype, const Tensor& matrix) {
  return dtype == DType::f32 && matrix.dtype == DType::bf16 ? DType::bf16 : dtype;
}

double traffic(const auto& matrices) {
  double bytes = 0;
  for (const auto& matrix : matrices) bytes += bytes_of({matrix});
  return bytes;
}

}  // namespace

void lateral_expand(Context& context, const LateralExpandArgs& args) {
  require_single(args.a, "a");
  const int64_t rows = args.a.shape[0], depth = args.a.shape[1];
  const DType written = rounded_dtype(args.a.dtype, args.y[0].tensor);
  require_rows(args.lateral, depth, args.a.dtype, "lateral");
  for (size_t i = 0; i < args.y.size(); ++i)
    require_tensor(args.y[i].tensor, {rows, args.lateral[i].shape[1]}, written, "y");
  run_operation(
      context, "lateral_expand",
      product_cost(args.a, args.lateral,
                   bytes_of({args.a}) + traffic(args.lateral) + traffic(args.y)),
      [&] { lateral_expand_cuda(context, args); },
      [&] {
        if (written == DType::bf16) return lateral_expand_ref<bfloat16>(args);
        for (size_t i = 0; i < args.y.size(); ++i) {
          const int64_t columns = args.lateral[i].shape[1];
          gemm(context, {.m = rows,
                         .n = columns,
                         .k = depth,
                         .a = args.a,
                         .lda = depth,
                         .b = args.lateral[i],
                         .ldb = columns,
                         .c = args.y[i].tensor,
                         .ldc = columns,
                         .add = args.y[i].add});
        }
      });
}

void lateral_contract(Context& context, const LateralContractArgs& args) {
  const Tensor& sum = args.sum.tensor;
  require_single(sum, "sum");
  const int64_t rows = sum.shape[0], depth = sum.shape[1];
  const DType read = rounded_dtype(sum.dtype, args.x[0]);
  require_rows(args.lateral, depth, sum.dtype, "lateral");
  for (size_t i = 0; i < args.x.size(); ++i)
    require_tensor(args.x[i], {rows, args.lateral[i].shape[1]}, read, "x");
  run_operation(
      context, "lateral_contract",
      product_cost(sum, args.lateral,
                   traffic(args.x) + traffic(args.lateral) + bytes_of({args.sum})),
      [&] { lateral_contract_cuda(context, args); },
      [&] {
        if (read == DType::bf16) return lateral_contract_ref<bfloat16>(args);
        for (size_t i = 0; i < args.x.size(); ++i) {
          const int64_t columns = args.lateral[i].shape[1];
          gemm(context, {.m = rows,
                         .n = depth,
                         .k = columns,
                         .a = args.x[i],
                         .lda = columns,
                         .b = args.lateral[i],
                         .ldb = columns,
                         .transpose_b = true,
                         .c = sum,
                         .ldc = depth,
                         .add = args.sum.add || i > 0});
        }
      });
}

void lateral_gradient(Context& context, const LateralGradientArgs& args) {
  require_single(args.a, "a");
  const int64_t rows = args.a.shape[0], depth = args.a.shape[1];
  const DType read = rounded_dtype(args.a.dtype, args.dy[0]);
  require_rows(args.dy, rows, read, "dy");
  for (size_t i = 0; i < args.dy.size(); ++i)
    require_tensor(args.dlateral[i].tensor, {depth, args.dy[i].shape[1]}, args.a.dtype, "dlateral");
  run_operation(
      context, "lateral_gradient",
      product_cost(args.a, args.dy, bytes_of({args.a}) + traffic(args.dy) + traffic(args.dlateral)),
      [&] { lateral_gradient_cuda(context, args); },
      [&] {
        if (read == DType::bf16) return lateral_gradient_ref<bfloat16>(args);
        for (size_t i = 0; i < args.dy.size(); ++i) {
          const int64_t columns = args.dy[i].shape[1];
          gemm(context, {.m = depth,
                         .n = columns,
                         .k = rows,
                         .a = args.a,
                         .lda = depth,
                         .transpose_a = true,
                         .b = args.dy[i],
                         .ldb = columns,
                         .c = args.dlateral[i].tensor,
                         .ldc = columns,
                         .add = args.dlateral[i].add});
        }
      });
}

}  // namespace lanet
