#include "kernels/knn.h"

#include "kernels/checks.h"
#include "kernels/cuda_operations.h"
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
  LANET_REQUIRE(args.k >= 1, "knn: k is {}; expected 1 or more, and it has no default", args.k);
  LANET_REQUIRE(n >= args.k + 1, "{} neighbours of {} rows", args.k, n);
  LANET_REQUIRE(args.indices && args.indices.shape.rank() == 2, "indices is {}",
                args.indices.shape);
  const int64_t num_rows = args.indices.shape[0];
  require_tensor(args.indices, {num_rows, args.k}, DType::i32, "indices");
  require_row_range(args.first_row, num_rows, n);
  run_operation(
      context, "knn",
      {.bytes = bytes_of({args.features, args.indices}),
       .flops = 6 * static_cast<double>(num_rows * n) * static_cast<double>(d)},
      [&] { knn_cuda(context, args); },
      [&] {
        const DType dtype = args.features.dtype;
        void* workspace = context.workspace(knn_workspace_bytes(n, d, dtype));
        dispatch_fast(
            dtype, [&] { knn_ref<double>(args, static_cast<double*>(workspace)); },
            [&] { knn_cpu(args, static_cast<float*>(workspace)); });
      });
}

}  // namespace lanet
