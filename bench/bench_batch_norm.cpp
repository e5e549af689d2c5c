#include "bench/bench.h"
#include "kernels/batch_norm.h"
#include "kernels/batch_norm_cases.h"

namespace lanet::bench {

static Benchmark batch_norm_bench{
    "batch_norm", [](Context& context) {
      for (const auto& c : kBatchNormCases) {
        if (!c.bench) continue;
        const int64_t rows = batch_for(context, c.rows);
        const Shape shape{rows, c.channels}, channels{c.channels};
        context.reserve_workspace(batch_norm_workspace_bytes(shape));
        for (const DType dtype : {DType::f32, DType::bf16}) {
          BenchTensor x(context, shape, dtype), y(context, shape, dtype);
          BenchTensor dy(context, shape, dtype), dx(context, shape, dtype);
          BenchTensor mean(context, channels, DType::f32), inv_std(context, channels, DType::f32);
          BenchTensor weight(context, channels, DType::f32), bias(context, channels, DType::f32);
          BenchTensor sum_dy(context, channels, DType::f32),
              sum_xhat(context, channels, DType::f32);
          const double n = static_cast<double>(rows * c.channels);
          const double pass = n * static_cast<double>(size_of(dtype));  // over one tensor
          auto name = [&](const char* part) {
            return fmt::format("batch_norm_{} {} {}x{}", part, dtype, rows, c.channels);
          };
          report(context, {name("statistics"), pass, 3 * n, [&] {
                             batch_norm_statistics(context,
                                                   {.x = x, .mean = mean, .inv_std = inv_std});
                           }});
          report(context, {name("apply"), 2 * pass, 3 * n, [&] {
                             batch_norm_apply(context, {.x = x,
                                                        .mean = mean,
                                                        .inv_std = inv_std,
                                                        .weight = weight,
                                                        .bias = bias,
                                                        .y = y,
                                                        .relu = true});
                           }});
          report(context, {name("backward_reduce"), 3 * pass, 5 * n, [&] {
                             batch_norm_backward_reduce(context, {.x = x,
                                                                  .mean = mean,
                                                                  .inv_std = inv_std,
                                                                  .dy = dy,
                                                                  .y = y,
                                                                  .relu = true,
                                                                  .sum_dy = sum_dy,
                                                                  .sum_dy_xhat = sum_xhat});
                           }});
          report(context, {name("backward_apply"), 4 * pass, 7 * n, [&] {
                             batch_norm_backward_apply(context, {.x = x,
                                                                 .mean = mean,
                                                                 .inv_std = inv_std,
                                                                 .weight = weight,
                                                                 .dy = dy,
                                                                 .y = y,
                                                                 .relu = true,
                                                                 .sum_dy = sum_dy,
                                                                 .sum_dy_xhat = sum_xhat,
                                                                 .dx = {dx}});
                           }});
        }
      }
    }};

}  // namespace lanet::bench
