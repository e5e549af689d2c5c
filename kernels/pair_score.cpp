#include "kernels/pair_score.h"

#include "kernels/checks.h"
#include "kernels/cuda_operations.h"
#include "kernels/dispatch.h"
#include "kernels/pair_score_cpu.h"
#include "kernels/pair_score_ref.h"

namespace lanet {

namespace {

/// The tensors that both directions have.
template <typename Args>
void require_common(const Args& args) {
  LANET_REQUIRE(args.h && args.h.shape.rank() == 2, "h is {}", args.h.shape);
  LANET_REQUIRE(args.indices && args.indices.shape.rank() == 2, "indices is {}",
                args.indices.shape);
  const int64_t n = args.h.shape[0], d = args.h.shape[1];
  const int64_t num_rows = args.indices.shape[0], k = args.indices.shape[1];
  const DType dtype = args.h.dtype;
  LANET_REQUIRE(dtype == DType::f32 || dtype == DType::f64, "h is {}", dtype);
  LANET_REQUIRE(d >= 4 && d % 4 == 0, "rows of {} elements; expected a multiple of 4", d);
  require_tensor(args.indices, {num_rows, k}, DType::i32, "indices");
  require_row_range(args.first_row, num_rows, n);
  require_tensor(args.weight0, {d / 2, d}, dtype, "weight0");
  require_tensor(args.weight2, {d / 4, d / 2}, dtype, "weight2");
  require_tensor(args.weight4, {2, d / 4}, dtype, "weight4");
  require_tensor(args.scores, {num_rows, k}, dtype, "scores");
  require_tensor(args.hidden0, {num_rows * k, d / 2}, dtype, "hidden0");
  require_tensor(args.hidden2, {num_rows * k, d / 4}, dtype, "hidden2");
}

/// The first layer once a sample, for both halves of a row; the others once a pair. Only the rows
/// that have pairs need their own halves.
Cost cost_of(const PairScoreArgs& args) {
  const double pairs = static_cast<double>(args.indices.elements());
  const double all = static_cast<double>(args.h.shape[0]);
  const double samples = (all + static_cast<double>(args.indices.shape[0])) / 2;
  const double halves = samples / all * bytes_of({args.h});
  const double first = static_cast<double>(args.weight0.elements());
  const double second = static_cast<double>(args.weight2.elements());
  return {.launches = 5,
          .bytes = bytes_of({args.indices, args.weight0, args.bias0, args.weight2, args.bias2,
                             args.weight4, args.bias4, args.scores}) +
                   3 * halves +  // and the first layer's products of them
                   2 * bytes_of({args.hidden0}) + 3 * bytes_of({args.hidden2}),
          .flops = 2 * (samples * first + pairs * second),
          .product = args.h.dtype};
}

Cost cost_of(const PairScoreBackwardArgs& args) {
  const double pairs = static_cast<double>(args.indices.elements());
  const double samples = static_cast<double>(args.h.shape[0]);
  const double first = static_cast<double>(args.weight0.elements());
  const double second = static_cast<double>(args.weight2.elements());
  const int of_first = (args.dh ? 1 : 0) + (args.dweight0 ? 1 : 0);
  const int of_second = 1 + (args.dweight2 ? 1 : 0);
  return {.launches = 2 + of_second + 2 * of_first + (args.dbias0 ? 1 : 0),
          .bytes = bytes_of({args.indices, args.scores, args.dscores, args.weight2, args.weight4}) +
                   (args.dh ? bytes_of({args.weight0}) : 0) +
                   (args.dweight0 ? bytes_of({args.h}) : 0) +
                   (1 + of_first) * bytes_of({args.h}) +  // gradients of the first layer's products
                   (args.dweight2 ? 4 : 3) * bytes_of({args.hidden0}) +
                   (1 + of_second) * bytes_of({args.hidden2}) + bytes_of({args.hidden2}) +
                   bytes_of({args.dh, args.dweight0, args.dbias0, args.dweight2, args.dbias2,
                             args.dweight4, args.dbias4}),
          .flops = 2 * (of_first * samples * first + of_second * pairs * second),
          .product = args.h.dtype};
}

}  // namespace

size_t pair_score_workspace_bytes(int64_t n, int64_t d, int64_t k, DType dtype) {
  return static_cast<size_t>(pair_score_cpu_workspace_elements(n, d, k)) * size_of(dtype);
}

void pair_score(Context& context, const PairScoreArgs& args) {
  require_common(args);
  const int64_t n = args.h.shape[0], d = args.h.shape[1], k = args.indices.shape[1];
  const DType dtype = args.h.dtype;
  require_tensor(args.bias0, {d / 2}, dtype, "bias0");
  require_tensor(args.bias2, {d / 4}, dtype, "bias2");
  require_tensor(args.bias4, {2}, dtype, "bias4");
  const auto workspace = [&] {
    return context.workspace(pair_score_workspace_bytes(n, d, k, dtype));
  };
  run_operation(
      context, "pair_score", cost_of(args), [&] { pair_score_cuda(context, args, workspace()); },
      [&] {
        require_indices(args.indices, n, "indices");
        dispatch_fast(
            dtype, [&] { pair_score_ref<double>(args); },
            [&] { pair_score_cpu<float>(context, args, static_cast<float*>(workspace())); });
      });
}

void pair_score_backward(Context& context, const PairScoreBackwardArgs& args) {
  require_common(args);
  const int64_t n = args.h.shape[0], d = args.h.shape[1], k = args.indices.shape[1];
  const DType dtype = args.h.dtype;
  require_tensor(args.dscores, args.indices.shape, dtype, "dscores");
  require_gradient(args.dh, {n, d}, dtype, "dh");
  require_gradient(args.dweight0, {d / 2, d}, dtype, "dweight0");
  require_gradient(args.dbias0, {d / 2}, dtype, "dbias0");
  require_gradient(args.dweight2, {d / 4, d / 2}, dtype, "dweight2");
  require_gradient(args.dbias2, {d / 4}, dtype, "dbias2");
  require_gradient(args.dweight4, {2, d / 4}, dtype, "dweight4");
  require_gradient(args.dbias4, {2}, dtype, "dbias4");
  const auto workspace = [&] {
    return context.workspace(pair_score_workspace_bytes(n, d, k, dtype));
  };
  run_operation(
      context, "pair_score_backward", cost_of(args),
      [&] { pair_score_backward_cuda(context, args, workspace()); },
      [&] {
        require_indices(args.indices, n, "indices");
        dispatch_fast(
            dtype, [&] { pair_score_backward_ref<double>(args); },
            [&] {
              pair_score_backward_cpu<float>(context, args, static_cast<float*>(workspace()));
            });
      });
}

}  // namespace lanet
