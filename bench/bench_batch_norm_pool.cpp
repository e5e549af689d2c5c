#include "bench/bench.h"
#include "kernels/batch_norm_pool.h"
#include "kernels/batch_norm_pool_cases.h"
#include "kernels/pool.h"

namespace lanet::bench {

static Benchmark batch_norm_pool_bench{
    "batch_norm_max_pool", [](Context& context) {
      for (const auto& c : kBatchNormPoolCases) {
        if (!c.bench) continue;
        const Shape image{batch_for(context, c.batch), c.height, c.width, c.channels};
        const Shape pooled{image[0], max_pool_size(c.height), max_pool_size(c.width), c.channels};
        context.reserve_workspace(batch_norm_max_pool_workspace_bytes(image));
        for (const DType dtype : {DType::f32, DType::bf16}) {
          BenchTensor x(context, image, dtype), dx(context, image, dtype);
          BenchTensor y(context, pooled, dtype), argmax(context, pooled, DType::u8);
          const Shape channels{c.channels};
          BenchTensor mean(context, channels, DType::f32), inv_std(context, channels, DType::f32);
          BenchTensor weight(context, channels, DType::f32), bias(context, channels, DType::f32);
          BenchTensor sum_dy(context, channels, DType::f32),
              sum_xhat(context, channels, DType::f32);
          const double n = static_cast<double>(image.elements());
          const double m = static_cast<double>(pooled.elements());
          const double size = static_cast<double>(size_of(dtype));
          auto name = [&](const char* part) {
            return fmt::format("batch_norm_max_pool{} {} {}", part, dtype, image);
          };
          report(context, {name(""), size * (n + m) + m, 3 * n + 9 * m, [&] {
                             batch_norm_max_pool(context, {.x = x,
                                                           .mean = mean,
                                                           .inv_std = inv_std,
                                                           .weight = weight,
                                                           .bias = bias,
                                                           .y = y,
                                                           .argmax = argmax});
                           }});
          report(context, {name("_backward_reduce"), size * (n + m) + m, 4 * n + 9 * m, [&] {
                             batch_norm_max_pool_backward_reduce(context,
                                                                 {.x = x,
                                                                  .mean = mean,
                                                                  .inv_std = inv_std,
                                                                  .dy = y,
                                                                  .argmax = argmax,
                                                                  .sum_dy = sum_dy,
                                                                  .sum_dy_xhat = sum_xhat});
                           }});
          report(context, {name("_backward_apply"), size * (2 * n + m) + m, 6 * n + 9 * m, [&] {
                             batch_norm_max_pool_backward_apply(context, {.x = x,
                                                                          .mean = mean,
                                                                          .inv_std = inv_std,
                                                                          .weight = weight,
                                                                          .dy = y,
                                                                          .argmax = argmax,
                                                                          .sum_dy = sum_dy,
                                                                          .sum_dy_xhat = sum_xhat,
                                                                          .dx = {dx}});
                           }});
        }
      }
    }};

}  // namespace lanet::bench
