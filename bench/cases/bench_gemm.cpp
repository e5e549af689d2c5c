#include "bench/bench.h"
#include "kernels/gemm_cases.h"

namespace lanet::bench {

static const Registration gemm_bench{
    {.axes = {"m", "n", "k"},
     .sizes = bench_sizes(kGemmCases,
                          [](const GemmCase& c) {
                            return std::vector<int64_t>{c.m, c.n, c.k};
                          }),
     .run = [](Context& context, const Sizes& s, DType dtype, const Measure& measure) {
       const GemmTensors t({s[0], s[1], s[2]}, {.transpose_b = true}, dtype, dtype, context);
       measure([&] { gemm(context, t.args()); });
     }}};

}  // namespace lanet::bench
