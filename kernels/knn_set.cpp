#include "kernels/knn_set.h"

#include "kernels/checks.h"
#include "kernels/cuda_operations.h"
#include "kernels/dispatch.h"
#include "kernels/knn_set_cpu.h"
#include "kernels/knn_set_ref.h"

namespace lanet {

size_t knn_set_workspace_bytes(const Context& context, int64_t queries, int64_t n, int64_t d,
                               int64_t k, int orientations, DType dtype) {
  if (context.device() == Device::cuda)
    return knn_set_cuda_workspace_bytes(queries, n, k, orientations);
  if (dtype == DType::f64) return static_cast<size_t>(n) * sizeof(double);
  return knn_set_cpu_workspace_bytes(queries, n, d, k, orientations, context.threads());
}

namespace {

/// The rows are read for their squares and for the products, which are not written.
Cost cost_of(const KnnSetArgs& args) {
  const double pairs =
      static_cast<double>(args.queries.shape[0]) * static_cast<double>(args.set.shape[0]);
  const int orientations = args.mirrored ? 2 : 1;
  return {.launches = 3 + orientations,
          .bytes = 2 * bytes_of({args.queries, args.mirrored, args.set}) +
                   bytes_of({args.valid, args.positions, args.indices, args.distances}),
          .flops = 2 * orientations * pairs * static_cast<double>(args.set.shape[1]),
          .product = args.set.dtype};
}

}  // namespace

void knn_set(Context& context, const KnnSetArgs& args) {
  require_rank(args.queries, 2, "queries");
  require_rank(args.set, 2, "set");
  LANET_REQUIRE(args.indices && args.indices.shape.rank() == 2, "indices is {}",
                args.indices.shape);
  const DType dtype = args.queries.dtype;
  const int64_t num_queries = args.queries.shape[0], d = args.queries.shape[1];
  const int64_t n = args.set.shape[0], k = args.indices.shape[1];
  LANET_REQUIRE(dtype == DType::f32 || (dtype == DType::f64 && context.device() == Device::cpu),
                "queries is {} on {}; expected f32, or f64 on the CPU", dtype, context.device());
  LANET_REQUIRE(k >= 1 && k <= kKnnSetMaxNeighbours, "{} neighbours; expected 1 to {}", k,
                kKnnSetMaxNeighbours);
  LANET_REQUIRE(n <= std::numeric_limits<int32_t>::max(), "a set of {} rows; expected at most {}",
                n, std::numeric_limits<int32_t>::max());
  require_tensor(args.set, {n, d}, dtype, "set");
  if (args.mirrored) require_tensor(args.mirrored, {num_queries, d}, dtype, "mirrored");
  if (args.valid) require_tensor(args.valid, {n}, DType::u8, "valid");
  if (args.positions) require_tensor(args.positions, {num_queries}, DType::i32, "positions");
  require_tensor(args.indices, {num_queries, k}, DType::i32, "indices");
  require_tensor(args.distances, {num_queries, k}, dtype, "distances");
  const auto workspace = [&] {
    return context.workspace(
        knn_set_workspace_bytes(context, num_queries, n, d, k, args.mirrored ? 2 : 1, dtype));
  };
  run_operation(
      context, "knn_set", cost_of(args), [&] { knn_set_cuda(context, args, workspace()); },
      [&] {
        dispatch_fast(
            dtype, [&] { knn_set_ref<double>(args, static_cast<double*>(workspace())); },
            [&] { knn_set_cpu(args, context.threads(), workspace()); });
      });
}

}  // namespace lanet
