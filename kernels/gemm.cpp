#include "kernels/gemm.h"

#include "kernels/cpu_operations.h"
#include "kernels/cuda_operations.h"
#include "kernels/dispatch.h"
#include "kernels/gemm_ref.h"

namespace lanet {

void gemm(Context& context, const GemmArgs& args) {
  LANET_REQUIRE(args.a && args.b && args.c, "a matrix is absent");
  LANET_REQUIRE(args.a.dtype == args.b.dtype && (args.c.dtype == args.a.dtype ||
                                                 args.c.dtype == accumulate_dtype(args.a.dtype)),
                "products of {} and {} into {}", args.a.dtype, args.b.dtype, args.c.dtype);
  LANET_REQUIRE(args.lda >= (args.transpose_a ? args.m : args.k) &&
                    args.ldb >= (args.transpose_b ? args.k : args.n) && args.ldc >= args.n,
                "row strides {}, {}, {} for m {}, n {}, k {}", args.lda, args.ldb, args.ldc, args.m,
                args.n, args.k);
  const auto elements = [](int64_t rows, int64_t columns, const Tensor& matrix) {
    return static_cast<double>(rows * columns) * static_cast<double>(size_of(matrix.dtype));
  };
  run_operation(
      context, "gemm",
      {.bytes = elements(args.m, args.k, args.a) + elements(args.k, args.n, args.b) +
                (args.add ? 2 : 1) * elements(args.m, args.n, args.c),
       .flops = 2 * static_cast<double>(args.m * args.n) * static_cast<double>(args.k),
       .product = args.a.dtype},
      [&] { gemm_cuda(context, args); },
      [&] {
        if (!gemm_onednn(args)) gemm_ref(args);
      });
}

}  // namespace lanet
