#include "bench/bench.h"
#include "kernels/label_bank.h"
#include "kernels/label_bank_cases.h"

namespace lanet::bench {

static const Registration label_bank_bench{
    {.axes = {"n", "classes", "samples"},
     .sizes = bench_sizes(kLabelBankCases,
                          [](const LabelBankCase& c) {
                            return std::vector<int64_t>{c.n, c.classes, c.samples};
                          }),
     .run = [](Context& context, const Sizes& s, DType dtype, const Measure& measure) {
       OwnedTensor target(context, {s[0], s[1]}, dtype, numbers),
           bank(context, {s[2], s[1]}, dtype, numbers);
       OwnedTensor samples(context, {s[0]}, DType::i32, [&](int64_t i) { return 7 * i % s[2]; });
       measure([&] {
         label_bank_store(context, {.target = target, .sample_indices = samples, .bank = bank});
       });
     }}};

}  // namespace lanet::bench
