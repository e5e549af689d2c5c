#include "bench/bench.h"
#include "kernels/adam_cases.h"

namespace lanet::bench {

static const Registration adam_bench{
    {.axes = {"parameters", "followed"},
     .sizes = bench_sizes(kAdamCases,
                          [](const AdamCase& c) {
                            return std::vector<int64_t>{c.parameters, c.followed};
                          }),
     .last_may_be_zero = true,
     .run = [](Context& context, const Sizes& s, DType dtype, const Measure& measure) {
       const AdamTensors t({s[0], s[1]}, dtype, 0, context);
       measure([&] { adam(context, t.args()); });
     }}};

}  // namespace lanet::bench
