#include "kernels/knn.h"

#include "core/operation.h"
#include "kernels/checks.h"
#include "kernels/dispatch.h"
#include "kernels/knn_cpu.h"
#include "kernels/knn_ref.h"

namespace lanet {

size_t knn_workspace_bytes(int64_t n, int64_t d, DType dtype) {
  const int64_t elements = dtype == DType::f64 ? n : knn_cpu_workspace_elements(n, d);
  return static_cast<size_t>(elements) * size_of(accumulate_dtype(dtype));
}

void knn(Context& context, const KnnArgs& args) {
  LANET_REQUIRE(args.features && args.features.shape.rank() == 2, "features is {}",
                args.features.shape);
  const int64_t n = args.features.shape[0], d = args.features.shape[1];
  LANET_REQUIRE(args.k >= 1 && n >= args.k + 1, "{} neighbours of {} rows", args.k, n);
  LANET_REQUIRE(args.indices && args.indices.shape.rank() == 2, "indices is {}",
                args.indices.shape);
  const int64_t num_rows = args.indices.shape[0];
  require_tensor(args.indices, {num_rows, args.k}, DType::i32, "indices");
  require_row_range(args.first_row, num_rows, n);
  const Operation operation(
      context, "knn",
      {.bytes = bytes_of({args.features, args.indices}),
       .flops = 6 * static_cast<double>(num_rows * n) * static_cast<double>(d)});
  if (!operation.runs()) return;
  LANET_RUN_CUDA(context, knn_cuda(context, args));
  void* workspace = context.workspace(knn_workspace_bytes(n, d, args.features.dtype));
  if (args.features.dtype == DType::f64)
    knn_ref<double>(args, static_cast<double*>(workspace));
  else if (args.features.dtype == DType::f32)
    knn_cpu<float>(args, static_cast<float*>(workspace));
  else
    knn_cpu<bfloat16>(args, static_cast<float*>(workspace));
}

}  // namespace lanet
