#include "kernels/label_posterior.h"

#include "kernels/checks.h"
#include "kernels/cuda_operations.h"
#include "kernels/dispatch.h"
#include "kernels/label_posterior_ref.h"

namespace lanet {

namespace {

/// Requires a table to be absent or to have a row of `classes` for each sample.
void require_table(const Tensor& table, int64_t classes, DType dtype, const char* name) {
  if (!table) return;
  LANET_REQUIRE(table.shape.rank() == 2, "{} is {}", name, table.shape);
  require_tensor(table, {table.shape[0], classes}, dtype, name);
}

}  // namespace

void label_posterior(Context& context, const LabelPosteriorArgs& args) {
  const Tensor& logits = args.logits;
  require_rank(logits, 2, "logits");
  const int64_t batch = logits.shape[0], classes = logits.shape[1];
  const DType dtype = accumulate_dtype(logits.dtype);
  require_tensor(args.labels, {batch}, DType::i32, "labels");
  if (args.log_ratio || args.opinions)
    require_tensor(args.sample_indices, {batch}, DType::i32, "sample_indices");
  require_tensor(args.channel, {classes, classes}, dtype, "channel");
  require_table(args.log_ratio, classes, dtype, "log_ratio");
  require_table(args.opinions, classes, dtype, "opinions");
  require_tensor(args.target, logits.shape, logits.dtype, "target");
  if (args.opinion) require_tensor(args.opinion, logits.shape, dtype, "opinion");
  LANET_REQUIRE(args.momentum >= 0 && args.momentum < 1, "momentum is {}; expected 0 to below 1",
                args.momentum);
  const double tables = (args.log_ratio ? 1 : 0) + (args.opinions ? 1 : 0);
  const double elements = static_cast<double>(logits.elements());
  run_operation(
      context, "label_posterior",
      {.bytes = bytes_of({logits, args.labels, args.sample_indices, args.channel, args.target,
                          args.opinion}) +
                tables * elements * static_cast<double>(size_of(dtype)),  // the batch's rows
       .flops = 20 * elements},
      [&] { label_posterior_cuda(context, args); },
      [&] {
        require_indices(args.labels, classes, "labels");
        for (const Tensor& table : {args.log_ratio, args.opinions})
          if (table) require_indices(args.sample_indices, table.shape[0], "sample_indices");
        dispatch_float(logits.dtype, [&]<typename T>() { label_posterior_ref<T>(args); });
      });
}

}  // namespace lanet
