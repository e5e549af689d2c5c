#include "kernels/info_nce.h"

#include "kernels/checks.h"
#include "kernels/cuda_operations.h"
#include "kernels/dispatch.h"
#include "kernels/info_nce_cpu.h"
#include "kernels/info_nce_cuda.h"
#include "kernels/info_nce_ref.h"

namespace lanet {

size_t info_nce_workspace_bytes(int64_t queries, int64_t keys, int64_t width, int64_t bank_rows,
                                DType dtype) {
  const int64_t elements = dtype == DType::f64
                               ? bank_rows + keys + width
                               : info_nce_cpu_workspace_elements(queries, keys, width, bank_rows);
  const size_t bytes = static_cast<size_t>(elements) * size_of(accumulate_dtype(dtype));
  return std::max(bytes, info_nce_cuda_workspace_bytes(queries, keys, width, bank_rows, dtype));
}

namespace {

/// Products of q with the bank and the keys, a pass over each row of both, and the same products
/// again for the gradient. The logits are written, turned in place into weights, and read.
Cost cost_of(const InfoNceArgs& args) {
  const DType dtype = args.q.dtype, sums = accumulate_dtype(dtype);
  const int64_t queries = args.q.shape[0], keys = args.k.shape[0], width = args.q.shape[1];
  const int64_t rows = args.bank.shape[0];
  const bool widened = args.bank.dtype != dtype, narrowed = dtype != sums;
  const double products = static_cast<double>(queries * (keys + rows));  // q·b and q·k
  const int passes = args.dq ? 2 : 1;
  const int64_t tile = InfoNceCudaLayout::tile_rows(width, rows, dtype);
  const int pieces = widened ? static_cast<int>((rows + tile - 1) / tile) : 1;
  return {.launches = 2 + passes * (1 + pieces * (widened ? 2 : 1)) + (args.dq && narrowed ? 1 : 0),
          .bytes = passes * (bytes_of({args.q, args.k, args.bank}) +
                             2 * products * static_cast<double>(size_of(sums))) +
                   bytes_of({args.labels, args.bank_labels}) + bytes_of({args.dq}),
          .flops = passes * 2 * products * static_cast<double>(width),
          .product = dtype};
}

/// In f64, with a bank of f64 or bf16.
void run_reference(const InfoNceArgs& args, double* workspace) {
  double* negatives = workspace;
  double *slopes = negatives + args.bank.shape[0], *gradient = slopes + args.k.shape[0];
  if (args.bank.dtype == DType::f64)
    info_nce_ref<double, double>(args, negatives, slopes, gradient);
  else
    info_nce_ref<double, bfloat16>(args, negatives, slopes, gradient);
}

}  // namespace

void info_nce(Context& context, const InfoNceArgs& args) {
  LANET_REQUIRE(args.q && args.q.shape.rank() == 2, "q is {}", args.q.shape);
  LANET_REQUIRE(args.k && args.k.shape.rank() == 2, "k is {}", args.k.shape);
  LANET_REQUIRE(args.bank && args.bank.shape.rank() == 2, "bank is {}", args.bank.shape);
  const int64_t queries = args.q.shape[0], keys = args.k.shape[0], width = args.q.shape[1];
  const int64_t rows = args.bank.shape[0];
  const DType dtype = args.q.dtype;
  LANET_REQUIRE(args.bank.dtype == dtype || args.bank.dtype == DType::bf16, "{} q and a {} bank",
                dtype, args.bank.dtype);
  require_given("info_nce", {{"temperature", args.temperature}});
  LANET_REQUIRE(args.temperature > 0, "a temperature of {}", args.temperature);
  require_tensor(args.k, {keys, width}, dtype, "k");
  require_row_range(args.first_row, queries, keys);
  require_tensor(args.bank, {rows, width}, args.bank.dtype, "bank");
  require_tensor(args.labels, {keys}, DType::i32, "labels");
  require_tensor(args.bank_labels, {rows}, DType::i32, "bank_labels");
  require_tensor(args.loss, {1}, accumulate_dtype(dtype), "loss");
  require_gradient(args.dq, args.q.shape, dtype, "dq");
  const auto workspace = [&] {
    return context.workspace(info_nce_workspace_bytes(queries, keys, width, rows, dtype));
  };
  run_operation(
      context, "info_nce", cost_of(args), [&] { info_nce_cuda(context, args, workspace()); },
      [&] {
        dispatch_fast(
            dtype, [&] { run_reference(args, static_cast<double*>(workspace())); },
            [&] { info_nce_cpu(context, args, static_cast<float*>(workspace())); });
      });
}

}  // namespace lanet
