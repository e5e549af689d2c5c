#include "bench/bench.h"
#include "kernels/pair_score_cases.h"

namespace lanet::bench {

static const Registration pair_score_bench{
    {.axes = {"n", "d", "k"},
     .sizes = bench_sizes(kPairScoreCases,
                          [](const PairScoreCase& c) {
                            return std::vector<int64_t>{c.n, c.d, c.k};
                          }),
     .run = [](Context& context, const Sizes& s, DType dtype, const Measure& measure) {
       const PairScoreTensors t({s[0], s[1], s[2]}, dtype, context);
       context.reserve_workspace(t.workspace_bytes());
       measure([&] { pair_score(context, t.forward()); });
       measure([&] { pair_score_backward(context, t.backward()); });
     }}};

}  // namespace lanet::bench
