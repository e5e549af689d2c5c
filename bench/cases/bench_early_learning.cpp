#include "bench/bench.h"
#include "kernels/early_learning_cases.h"

namespace lanet::bench {

static const Registration early_learning_bench{
    {.axes = {"batch", "classes", "samples"},
     .sizes = bench_sizes(kEarlyLearningCases,
                          [](const EarlyLearningCase& c) {
                            return std::vector<int64_t>{c.batch, c.classes, c.samples};
                          }),
     .run = [](Context& context, const Sizes& s, DType dtype, const Measure& measure) {
       const EarlyLearningTensors t({s[0], s[1], s[2]}, dtype, 1, context);
       measure([&] { early_learning(context, t.args()); });
     }}};

}  // namespace lanet::bench
