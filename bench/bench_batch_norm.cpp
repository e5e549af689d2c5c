#include "bench/bench.h"
#include "kernels/batch_norm.h"
#include "kernels/batch_norm_cases.h"

namespace lanet::bench {

static Benchmark batch_norm_bench{
    "batch_norm", [](Context& context) {
      for (const auto& c : kBatchNormCases) {
        if (!c.bench) continue;
        const Shape shape{c.rows, c.channels}, channels{c.channels};
        context.reserve_workspace(batch_norm_workspace_bytes(shape));
        for (const DType dtype : {DType::f32, DType::bf16}) {
          BenchTensor x(context, shape, dtype), y(context, shape, dtype);
          BenchTensor dy(context, shape, dtype), dx(context, shape, dtype);
          BenchTensor mean(context, channels, DType::f32), inv_std(context, channels, DType::f32);
          BenchTensor weight(context, channels, DType::f32), bias(context, channels, DType::f32);
          BenchTensor sum_dy(context, channels, DType::f32),
              sum_xhat(context, channels, DType::f32);
          const double n = static_cast<double>(c.rows * c.channels);
          const double pass = n * static_cast<double>(size_of(dtype));  // over one tensor
          auto name = [&](const char* part) {
            return fmt::format("batch_norm_{} {} {}x{}", part, dtype, c.rows, c.channels);
          };
          report({name("statistics"), pass, 3 * n, [&] {
                    batch_norm_statistics(context, {.x = x, .mean = mean, .inv_std = inv_std});
                  }});
          report({name("apply"), 2 * pass, 3 * n, [&] {
                    batch_norm_apply(context, {.x = x,
                                               .mean = mean,
                                               .inv_std = inv_std,
                                               .weight = weight,
                                               .bias = bias,
                                               .y = y,
                                               .relu = true});
                  }});
          report({name("backward_reduce"), 3 * pass, 5 * n, [&] {
                    batch_norm_backward_reduce(context, {.x = x,
                                                         .mean = mean,
                                                         .inv_std = inv_std,
                                                         .dy = dy,
                                                         .y = y,
                                                         .relu = true,
                                                         .sum_dy = sum_dy,
                                                         .sum_dy_xhat = sum_xhat});
                  }});
          report({name("backward_apply"), 4 * pass, 7 * n, [&] {
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
