#include "bench/bench.h"
#include "kernels/batch_norm/batch_norm_combine.h"
#include "kernels/batch_norm/batch_norm_combine_cases.h"

namespace lanet::bench {

static const Registration batch_norm_combine_bench{
    {.axes = {"ranks", "rows", "channels"},
     .sizes = bench_sizes(kBatchNormCombineCases,
                          [](const BatchNormCombineCase& c) {
                            return std::vector<int64_t>{c.ranks, c.rows, c.channels};
                          }),
     .run = [](Context& context, const Sizes& s, DType dtype, const Measure& measure) {
       const Shape ranks{s[0], s[2]}, channels{s[2]};
       const auto one = [](int64_t) { return 1.0; };
       OwnedTensor means(context, ranks, dtype, numbers), inv_stds(context, ranks, dtype, one);
       OwnedTensor mean(context, channels, dtype), inv_std(context, channels, dtype);
       OwnedTensor running_mean(context, channels, dtype, numbers),
           running_var(context, channels, dtype, one);
       measure([&] {
         batch_norm_combine(context, {.means = means,
                                      .inv_stds = inv_stds,
                                      .rows = s[1],
                                      .mean = mean,
                                      .inv_std = inv_std,
                                      .running_mean = running_mean,
                                      .running_var = running_var});
       });
     }}};

}  // namespace lanet::bench
