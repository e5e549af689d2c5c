#include "bench/bench.h"
#include "kernels/batch_norm/batch_norm_combine_cases.h"

namespace lanet::bench {

static const Registration batch_norm_combine_bench{
    {.axes = {"ranks", "rows", "channels"},
     .sizes = bench_sizes(kBatchNormCombineCases,
                          [](const BatchNormCombineCase& c) {
                            return std::vector<int64_t>{c.ranks, c.rows, c.channels};
                          }),
     .run = [](Context& context, const Sizes& s, DType dtype, const Measure& measure) {
       const BatchNormCombineTensors t({s[0], s[1], s[2]}, dtype, 1, context);
       measure([&] { batch_norm_combine(context, t.args()); });
     }}};

}  // namespace lanet::bench
