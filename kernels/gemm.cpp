#include "kernels/gemm.h"

#include "core/operation.h"
#include "kernels/dispatch.h"
#include "kernels/gemm_ref.h"

#ifdef LANET_HAVE_ONEDNN
#include <oneapi/dnnl/dnnl.h>
#endif

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
  const Operation operation(
      context, "gemm",
      {.bytes = elements(args.m, args.k, args.a) + elements(args.k, args.n, args.b) +
                (args.add ? 2 : 1) * elements(args.m, args.n, args.c),
       .flops = 2 * static_cast<double>(args.m * args.n) * static_cast<double>(args.k),
       .product = args.a.dtype});
  if (!operation.runs()) return;
  LANET_RUN_CUDA(context, gemm_cuda(context, args));
#ifdef LANET_HAVE_ONEDNN
  if (args.a.dtype == DType::f32) {
    const dnnl_status_t status = dnnl_sgemm(
        args.transpose_a ? 'T' : 'N', args.transpose_b ? 'T' : 'N', args.m, args.n, args.k, 1.0f,
        static_cast<const float*>(args.a.data), args.lda, static_cast<const float*>(args.b.data),
        args.ldb, args.add ? 1.0f : 0.0f, static_cast<float*>(args.c.data), args.ldc);
    LANET_REQUIRE(status == dnnl_success, "dnnl_sgemm returned {}", static_cast<int>(status));
    return;
  }
#endif
  gemm_ref(args);
}

}  // namespace lanet
