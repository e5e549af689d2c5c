#include "bench/bench.h"
#include "kernels/batch_norm/batch_norm_pool.h"
#include "kernels/batch_norm/batch_norm_pool_cases.h"
#include "kernels/pool.h"

namespace lanet::bench {

static const Registration batch_norm_pool_bench{
    {.axes = {"batch", "height", "width", "channels"},
     .sizes = bench_sizes(kBatchNormPoolCases,
                          [](const BatchNormPoolCase& c) {
                            return std::vector<int64_t>{c.batch, c.height, c.width, c.channels};
                          }),
     .dtypes = {DType::f32, DType::bf16},
     .images = true,
     .run = [](Context& context, const Sizes& s, DType dtype, const Measure& measure) {
       const Shape image{s[0], s[1], s[2], s[3]}, channels{s[3]};
       const Shape pooled{s[0], max_pool_size(s[1]), max_pool_size(s[2]), s[3]};
       context.reserve_workspace(batch_norm_max_pool_workspace_bytes(image));
       OwnedTensor x(context, image, dtype, numbers), dx(context, image, dtype);
       OwnedTensor y(context, pooled, dtype), argmax(context, pooled, DType::u8, numbers);
       OwnedTensor mean(context, channels, DType::f32), inv_std(context, channels, DType::f32);
       OwnedTensor weight(context, channels, DType::f32, numbers),
           bias(context, channels, DType::f32, numbers);
       OwnedTensor sum_dy(context, channels, DType::f32), sum_xhat(context, channels, DType::f32);
       measure([&] {
         batch_norm_max_pool(context, {.x = x,
                                       .mean = mean,
                                       .inv_std = inv_std,
                                       .weight = weight,
                                       .bias = bias,
                                       .y = y,
                                       .argmax = argmax});
       });
       measure([&] {
         batch_norm_max_pool_backward_reduce(context, {.x = x,
                                                       .mean = mean,
                                                       .inv_std = inv_std,
                                                       .dy = y,
                                                       .argmax = argmax,
                                                       .sum_dy = sum_dy,
                                                       .sum_dy_xhat = sum_xhat});
       });
       measure([&] {
         batch_norm_max_pool_backward_apply(context, {.x = x,
                                                      .mean = mean,
                                                      .inv_std = inv_std,
                                                      .weight = weight,
                                                      .dy = y,
                                                      .argmax = argmax,
                                                      .sum_dy = sum_dy,
                                                      .sum_dy_xhat = sum_xhat,
                                                      .dx = {dx}});
       });
     }}};

}  // namespace lanet::bench
