#include "bench/bench.h"
#include "kernels/pair_score.h"
#include "kernels/pair_score_cases.h"

namespace lanet::bench {

static const Registration pair_score_bench{
    {.axes = {"n", "d", "k"},
     .sizes = bench_sizes(kPairScoreCases,
                          [](const PairScoreCase& c) {
                            return std::vector<int64_t>{c.n, c.d, c.k};
                          }),
     .run = [](Context& context, const Sizes& s, DType, const Measure& measure) {
       const int64_t n = s[0], d = s[1], k = s[2], half = d / 2, quarter = d / 4, pairs = n * k;
       context.reserve_workspace(pair_score_workspace_bytes(n, d, k, DType::f32));
       auto tensor = [&](const Shape& shape) {
         return OwnedTensor(context, shape, DType::f32, numbers);
       };
       const OwnedTensor h = tensor({n, d}), dh = tensor({n, d});
       const OwnedTensor weight0 = tensor({half, d}), weight2 = tensor({quarter, half}),
                         weight4 = tensor({2, quarter});
       const OwnedTensor dweight0 = tensor({half, d}), dweight2 = tensor({quarter, half}),
                         dweight4 = tensor({2, quarter});
       const OwnedTensor bias0 = tensor({half}), bias2 = tensor({quarter}), bias4 = tensor({2});
       const OwnedTensor hidden0 = tensor({pairs, half}), hidden2 = tensor({pairs, quarter});
       const OwnedTensor scores = tensor({n, k}), dscores = tensor({n, k});
       const OwnedTensor indices(context, {n, k}, DType::i32,
                                 [&](int64_t e) { return (e / k + 1 + e % k) % n; });
       measure([&] {
         pair_score(context, {.h = h,
                              .indices = indices,
                              .weight0 = weight0,
                              .bias0 = bias0,
                              .weight2 = weight2,
                              .bias2 = bias2,
                              .weight4 = weight4,
                              .bias4 = bias4,
                              .scores = scores,
                              .hidden0 = hidden0,
                              .hidden2 = hidden2});
       });
       measure([&] {
         pair_score_backward(context, {.h = h,
                                       .indices = indices,
                                       .weight0 = weight0,
                                       .weight2 = weight2,
                                       .weight4 = weight4,
                                       .scores = scores,
                                       .hidden0 = hidden0,
                                       .hidden2 = hidden2,
                                       .dscores = dscores,
                                       .dh = {dh},
                                       .dweight0 = {dweight0},
                                       .dbias0 = {bias0},
                                       .dweight2 = {dweight2},
                                       .dbias2 = {bias2},
                                       .dweight4 = {dweight4},
                                       .dbias4 = {bias4}});
       });
     }}};

}  // namespace lanet::bench
