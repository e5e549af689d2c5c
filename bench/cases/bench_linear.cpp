#include "bench/bench.h"
#include "kernels/linear_cases.h"

namespace lanet::bench {

// With bias and ReLU.
static const Registration linear_bench{
    {.axes = {"batch", "in", "out"},
     .sizes = bench_sizes(kLinearCases,
                          [](const LinearCase& c) {
                            return std::vector<int64_t>{c.batch, c.in, c.out};
                          }),
     .run = [](Context& context, const Sizes& s, DType, const Measure& measure) {
       const LinearTensors t({s[0], s[1], s[2], true, true}, DType::f32, {}, context);
       context.reserve_workspace(t.workspace_bytes());
       measure([&] { linear(context, t.forward()); });
       measure([&] { linear_backward(context, t.backward()); });
     }}};

}  // namespace lanet::bench
