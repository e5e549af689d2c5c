#include "bench/bench.h"
#include "kernels/label_aggregate_cases.h"

namespace lanet::bench {

static const Registration label_aggregate_bench{
    {.axes = {"n", "k", "classes", "samples"},
     .sizes = bench_sizes(kLabelAggregateCases,
                          [](const LabelAggregateCase& c) {
                            return std::vector<int64_t>{c.n, c.k, c.classes, c.samples};
                          }),
     .run = [](Context& context, const Sizes& s, DType dtype, const Measure& measure) {
       const LabelAggregateTensors t({s[0], s[1], s[2], s[3]}, dtype, context);
       context.reserve_workspace(t.workspace_bytes());
       measure([&] { label_aggregate(context, t.forward()); });
       measure([&] { label_aggregate_backward(context, t.backward()); });
     }}};

}  // namespace lanet::bench
