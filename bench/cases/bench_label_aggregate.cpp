#include "bench/bench.h"
#include "kernels/label_aggregate.h"
#include "kernels/label_aggregate_cases.h"

namespace lanet::bench {

static const Registration label_aggregate_bench{
    {.axes = {"n", "k", "classes", "samples"},
     .sizes = bench_sizes(kLabelAggregateCases,
                          [](const LabelAggregateCase& c) {
                            return std::vector<int64_t>{c.n, c.k, c.classes, c.samples};
                          }),
     .run = [](Context& context, const Sizes& s, DType, const Measure& measure) {
       const int64_t n = s[0], k = s[1];
       const Shape rows{n, s[2]}, pairs{n, k};
       context.reserve_workspace(label_aggregate_workspace_bytes(n, s[2], DType::f32));
       BenchTensor scores(context, pairs, DType::f32), dscores(context, pairs, DType::f32);
       BenchTensor indices(context, pairs, DType::i32,
                           [&](int64_t e) { return (e / k + 1 + e % k) % n; });
       BenchTensor samples(context, {n}, DType::i32, [&](int64_t i) { return i % s[3]; });
       BenchTensor logits(context, rows, DType::f32), probabilities(context, rows, DType::f32);
       BenchTensor target(context, rows, DType::f32), dlogits(context, rows, DType::f32);
       BenchTensor bank(context, {s[3], s[2]}, DType::f32);
       measure([&] {
         label_aggregate(context, {.scores_expression = scores,
                                   .indices_expression = indices,
                                   .scores_landmark = scores,
                                   .indices_landmark = indices,
                                   .logits = logits,
                                   .sample_indices = samples,
                                   .bank = bank,
                                   .probabilities = probabilities,
                                   .target = target,
                                   .bank_momentum = kLabelAggregateMomentum});
       });
       measure([&] {
         label_aggregate_backward(context, {.scores_expression = scores,
                                            .indices_expression = indices,
                                            .scores_landmark = scores,
                                            .indices_landmark = indices,
                                            .probabilities = probabilities,
                                            .dtarget = target,
                                            .dscores_expression = {dscores},
                                            .dscores_landmark = {dscores},
                                            .dlogits = {dlogits},
                                            .bank_momentum = kLabelAggregateMomentum});
       });
     }}};

}  // namespace lanet::bench
