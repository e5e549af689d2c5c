#include "bench/bench.h"
#include "kernels/label_bank_cases.h"

namespace lanet::bench {

static const Registration label_bank_bench{
    {.axes = {"n", "classes", "samples"},
     .sizes = bench_sizes(kLabelBankCases,
                          [](const LabelBankCase& c) {
                            return std::vector<int64_t>{c.n, c.classes, c.samples};
                          }),
     .run = [](Context& context, const Sizes& s, DType dtype, const Measure& measure) {
       const LabelBankTensors t({s[0], s[1], s[2]}, dtype, context);
       measure([&] { label_bank_store(context, t.args()); });
     }}};

}  // namespace lanet::bench
