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
       OwnedTensor scores(context, pairs, DType::f32, numbers),
           dscores(context, pairs, DType::f32, numbers);
       OwnedTensor indices(context, pairs, DType::i32,
                           [&](int64_t e) { return (e / k + 1 + e % k) % n; });
       OwnedTensor samples(context, {n}, DType::i32, [&](int64_t i) { return i % s[3]; });
       OwnedTensor logits(context, rows, DType::f32, numbers),
           probabilities(context, rows, DType::f32);
       OwnedTensor target(context, rows, DType::f32, numbers), dlogits(context, rows, DType::f32);
       OwnedTensor bank(context, {s[3], s[2]}, DType::f32, numbers);
       measure([&] {
         label_aggregate(context, {.scores_expression = scores,
                                   .indices_expression = indices,
                                   .scores_landmark = scores,
                                   .indices_landmark = indices,
                                   .logits = logits,
                                   .sample_indices = samples,
                                   .bank = bank,
                                   .probabilities = probabilities,
                                   .target = target});
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
                                            .dlogits = {dlogits}});
       });
     }}};

}  // namespace lanet::bench
