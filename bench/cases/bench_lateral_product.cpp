#include "bench/bench.h"
#include "kernels/lateral_product_cases.h"

namespace lanet::bench {

// Of float32 weights; the expanded ones rounded to bf16.
static const Registration lateral_product_bench{
    {.axes = {"rows", "depth", "columns1", "columns2", "columns3", "columns4"},
     .sizes = bench_sizes(kLateralCases,
                          [](const LateralCase& c) {
                            return std::vector<int64_t>{c.rows,       c.depth,      c.columns[0],
                                                        c.columns[1], c.columns[2], c.columns[3]};
                          }),
     .run = [](Context& context, const Sizes& s, DType dtype, const Measure& measure) {
       const LateralCase c{s[0], s[1], {s[2], s[3], s[4], s[5]}};
       const LateralProductTensors plain(c, dtype, dtype, false, context),
           rounded(c, dtype, DType::bf16, false, context);
       measure([&] { lateral_expand(context, rounded.expand()); });
       measure([&] { lateral_contract(context, plain.contract()); });
       measure([&] { lateral_gradient(context, plain.gradient()); });
     }}};

}  // namespace lanet::bench
