#include "bench/bench.h"
#include "kernels/label_posterior_cases.h"

namespace lanet::bench {

static const Registration label_posterior_bench{
    {.axes = {"batch", "classes", "samples"},
     .sizes = bench_sizes(kLabelPosteriorCases,
                          [](const LabelPosteriorCase& c) {
                            return std::vector<int64_t>{c.batch, c.classes, c.samples};
                          }),
     .run = [](Context& context, const Sizes& s, DType dtype, const Measure& measure) {
       const LabelPosteriorTensors t({s[0], s[1], s[2]}, dtype, context);
       measure([&] { label_posterior(context, t.args()); });
     }}};

}  // namespace lanet::bench
