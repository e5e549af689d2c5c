#include "kernels/label_aggregate.h"

#include "kernels/checks.h"
#include "kernels/cuda_operations.h"
#include "kernels/dispatch.h"
#include "kernels/label_aggregate_ref.h"

namespace lanet {

namespace {

void require_neighbours(const Tensor& scores, const Tensor& indices, int64_t rows, DType dtype,
                        const char* name) {
  LANET_REQUIRE(scores && scores.shape.rank() == 2, "{} scores are {}", name, scores.shape);
  require_tensor(scores, {rows, scores.shape[1]}, dtype, name);
  require_tensor(indices, scores.shape, DType::i32, name);
}

/// The rows that are aggregated, of a batch of n.
int64_t aggregated_rows(const Tensor& scores, int64_t n) {
  LANET_REQUIRE(scores.shape[0] > 0 && scores.shape[0] <= n, "{} rows of a batch of {}",
                scores.shape[0], n);
  return scores.shape[0];
}

}  // namespace

size_t label_aggregate_workspace_bytes(int64_t n, int64_t c, DType dtype) {
  return static_cast<size_t>(n * c) * size_of(dtype);
}

void label_aggregate(Context& context, const LabelAggregateArgs& args) {
  LANET_REQUIRE(args.logits && args.logits.shape.rank() == 2, "logits is {}", args.logits.shape);
  LANET_REQUIRE(args.bank && args.bank.shape.rank() == 2, "bank is {}", args.bank.shape);
  const int64_t n = args.logits.shape[0], classes = args.logits.shape[1];
  const int64_t rows = aggregated_rows(args.scores_expression, n);
  const DType dtype = args.logits.dtype;
  require_neighbours(args.scores_expression, args.indices_expression, rows, dtype, "expression");
  require_neighbours(args.scores_landmark, args.indices_landmark, rows, dtype, "landmark");
  require_tensor(args.sample_indices, {rows}, DType::i32, "sample_indices");
  require_tensor(args.bank, {args.bank.shape[0], classes}, dtype, "bank");
  require_tensor(args.probabilities, {n, classes}, dtype, "probabilities");
  require_tensor(args.target, {rows, classes}, dtype, "target");
  require_given("label_aggregate", {{"bank_momentum", args.bank_momentum}});
  run_operation(
      context, "label_aggregate",
      {.bytes = bytes_of({args.scores_expression, args.indices_expression, args.scores_landmark,
                          args.indices_landmark, args.logits, args.probabilities}) +
                2 * bytes_of({args.target}),  // the bank's rows too
       .flops =
           2 * static_cast<double>(classes) *
           static_cast<double>(
               rows * (args.scores_expression.shape[1] + args.scores_landmark.shape[1]) + 5 * n)},
      [&] { label_aggregate_cuda(context, args); },
      [&] {
        require_indices(args.indices_expression, n, "indices_expression");
        require_indices(args.indices_landmark, n, "indices_landmark");
        require_indices(args.sample_indices, args.bank.shape[0], "sample_indices");
        dispatch_wide(dtype, [&]<typename T>() { label_aggregate_ref<T>(args); });
      });
}

void label_aggregate_backward(Context& context, const LabelAggregateBackwardArgs& args) {
  LANET_REQUIRE(args.probabilities && args.probabilities.shape.rank() == 2, "probabilities is {}",
                args.probabilities.shape);
  const int64_t n = args.probabilities.shape[0], classes = args.probabilities.shape[1];
  const int64_t rows = aggregated_rows(args.scores_expression, n);
  const DType dtype = args.probabilities.dtype;
  require_neighbours(args.scores_expression, args.indices_expression, rows, dtype, "expression");
  require_neighbours(args.scores_landmark, args.indices_landmark, rows, dtype, "landmark");
  require_tensor(args.dtarget, {rows, classes}, dtype, "dtarget");
  require_gradient(args.dscores_expression, args.scores_expression.shape, dtype,
                   "dscores_expression");
  require_gradient(args.dscores_landmark, args.scores_landmark.shape, dtype, "dscores_landmark");
  require_gradient(args.dlogits, {n, classes}, dtype, "dlogits");
  require_given("label_aggregate_backward", {{"bank_momentum", args.bank_momentum}});
  run_operation(
      context, "label_aggregate_backward",
      {.bytes = bytes_of({args.scores_expression, args.indices_expression, args.scores_landmark,
                          args.indices_landmark, args.probabilities, args.dtarget}) +
                bytes_of({args.dscores_expression, args.dscores_landmark, args.dlogits}),
       .flops =
           4 * static_cast<double>(rows * classes) *
           static_cast<double>(args.scores_expression.shape[1] + args.scores_landmark.shape[1])},
      [&] { label_aggregate_backward_cuda(context, args); },
      [&] {
        require_indices(args.indices_expression, n, "indices_expression");
        require_indices(args.indices_landmark, n, "indices_landmark");
        void* workspace = context.workspace(label_aggregate_workspace_bytes(n, classes, dtype));
        dispatch_wide(dtype, [&]<typename T>() {
          label_aggregate_backward_ref<T>(args, static_cast<T*>(workspace));
        });
      });
}

}  // namespace lanet
