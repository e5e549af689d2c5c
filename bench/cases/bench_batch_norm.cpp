#include "bench/bench.h"
#include "kernels/batch_norm/batch_norm.h"
#include "kernels/batch_norm/batch_norm_cases.h"

namespace lanet::bench {

static const Registration batch_norm_bench{
    {.axes = {"rows", "channels"},
     .sizes = bench_sizes(kBatchNormCases,
                          [](const BatchNormCase& c) {
                            return std::vector<int64_t>{c.rows, c.channels};
                          }),
     .dtypes = {DType::f32, DType::bf16},
     .images = true,
     .run = [](Context& context, const Sizes& s, DType dtype, const Measure& measure) {
       const Shape shape{s[0], s[1]}, channels{s[1]};
       context.reserve_workspace(batch_norm_workspace_bytes(shape));
       OwnedTensor x(context, shape, dtype, numbers), y(context, shape, dtype),
           dy(context, shape, dtype, numbers), dx(context, shape, dtype);
       OwnedTensor mean(context, channels, DType::f32), inv_std(context, channels, DType::f32);
       OwnedTensor weight(context, channels, DType::f32, numbers),
           bias(context, channels, DType::f32, numbers);
       OwnedTensor sum_dy(context, channels, DType::f32), sum_xhat(context, channels, DType::f32);
       measure([&] { batch_norm_statistics(context, {.x = x, .mean = mean, .inv_std = inv_std}); });
       measure([&] {
         batch_norm_apply(context, {.x = x,
                                    .mean = mean,
                                    .inv_std = inv_std,
                                    .weight = weight,
                                    .bias = bias,
                                    .y = y,
                                    .relu = true});
       });
       measure([&] {
         batch_norm_backward_reduce(context, {.x = x,
                                              .mean = mean,
                                              .inv_std = inv_std,
                                              .dy = dy,
                                              .y = y,
                                              .relu = true,
                                              .sum_dy = sum_dy,
                                              .sum_dy_xhat = sum_xhat});
       });
       measure([&] {
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
       });
     }}};

}  // namespace lanet::bench
