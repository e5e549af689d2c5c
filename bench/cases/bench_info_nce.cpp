#include "bench/bench.h"
#include "kernels/info_nce_cases.h"

namespace lanet::bench {

static const Registration info_nce_bench{
    {.axes = {"queries", "width", "bank_rows"},
     .sizes = bench_sizes(kInfoNceCases,
                          [](const InfoNceCase& c) {
                            return std::vector<int64_t>{c.queries, c.width, c.bank_rows};
                          }),
     .dtypes = {DType::f32, DType::bf16},
     .run = [](Context& context, const Sizes& s, DType dtype, const Measure& measure) {
       const InfoNceTensors t({s[0], s[1], s[2], 7, 0.1}, dtype, dtype, context);
       context.reserve_workspace(t.workspace_bytes());
       measure([&] { info_nce(context, t.args()); });
     }}};

}  // namespace lanet::bench
