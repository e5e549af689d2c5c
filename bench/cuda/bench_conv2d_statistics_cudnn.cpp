// What summing a convolution's output for batch norm costs: by cuDNN's fused engines while it is
// written, or by our statistics after it. Engines of both convolutions are timed first, as training
// does. Turning the fused sums into mean and deviation takes one more launch over the channels,
// which is not timed.
#include <algorithm>

#include "bench/cases/conv2d_layers.h"
#include "core/operation.h"
#include "core/plan_table.h"
#include "kernels/batch_norm/batch_norm.h"
#include "kernels/cuda/conv2d_statistics_cudnn.h"

namespace lanet::bench {

namespace {

constexpr double kTuningSeconds = 10;  // of a layer: the fused engines are compiled

struct Plans {
  Conv2dPlan separate;
  /// Absent where nothing runs, and where cuDNN has no engine.
  std::optional<CudnnConv2dStatistics> fused;
};

Plans make_plans(Context& context, const Conv2dShape& s) {
  if (PlanTable* table = context.plans()) {
    request_conv2d_tuning(context, s, Conv2dPass::forward, /*add=*/false);
    table->tune();
    table->seconds_left = kTuningSeconds;  // each side has its own time
    request_tuning(context, s, CudnnConv2dStatistics::task());
    table->tune();
  }
  Plans plans{Conv2dPlan(context, s, /*data_gradient=*/false, /*weight_gradient=*/false), {}};
  if (context.counts_only()) return plans;
  size_t workspace_bytes =
      std::max(plans.separate.workspace_bytes(), batch_norm_workspace_bytes(s.y()));
  try {
    plans.fused.emplace(context, s);
    workspace_bytes = std::max(workspace_bytes, plans.fused->workspace_bytes());
  } catch (const Error& error) {  // the library has no engine: that is the finding
    fmt::print(stderr, "cudnn_conv2d_statistics {}: {}\n", s.x(), error.what());
  }
  context.reserve_workspace(workspace_bytes);
  return plans;
}

void run(Context& context, const Sizes& sizes, DType dtype, const Measure& measure) {
  const Conv2dShape s = conv2d_shape(sizes, dtype);
  PlanTable table("");
  table.seconds_left = kTuningSeconds;
  if (!context.counts_only()) context.set_plans(&table);
  Plans plans = make_plans(context, s);
  context.set_plans(nullptr);
  const Shape channels{s.out_channels};
  const OwnedTensor x(context, s.x(), dtype, numbers), weight(context, s.weight(), dtype, numbers),
      y(context, s.y(), dtype), a(context, channels, DType::f32, numbers),
      b(context, channels, DType::f32, numbers);
  const auto fused = [&] {
    const Operation operation(
        context, "cudnn_conv2d_statistics",
        {.bytes = bytes_of({x, weight, y}), .flops = 2 * s.macs(), .product = dtype});
    if (!operation.runs()) return;
    plans.fused->forward(context,
                         {.x = x, .weight = weight, .y = y, .sum = a, .sum_of_squares = b});
  };
  if (plans.fused || context.counts_only()) measure(fused);
  measure([&] {
    const Operation operation(context, "conv2d_then_statistics",
                              {.launches = 3,
                               .bytes = bytes_of({x, weight, y, y}),
                               .flops = 2 * s.macs(),
                               .product = dtype});
    if (!operation.runs()) return;
    conv2d(context, plans.separate, {.x = x, .weight = weight, .y = y});
    batch_norm_statistics(context, {.x = y, .mean = a, .inv_std = b});
  });
}

}  // namespace

static const Registration conv2d_statistics_bench{{.axes = kConv2dAxes,
                                                   .sizes = conv2d_layers(),
                                                   .dtypes = {DType::bf16},
                                                   .images = true,
                                                   .last_may_be_zero = true,
                                                   .device = Device::cuda,
                                                   .run = run}};

}  // namespace lanet::bench
