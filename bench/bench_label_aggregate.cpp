#include "bench/bench.h"
#include "kernels/label_aggregate.h"
#include "kernels/label_aggregate_cases.h"

namespace lanet::bench {

static Benchmark label_aggregate_bench{
    "label_aggregate", [](Context& context) {
      for (const auto& c : kLabelAggregateCases) {
        if (!c.bench) continue;
        context.reserve_workspace(label_aggregate_workspace_bytes(c.n, c.classes, DType::f32));
        const Shape rows{c.n, c.classes}, pairs{c.n, c.k};
        BenchTensor scores(context, pairs, DType::f32), dscores(context, pairs, DType::f32);
        BenchTensor indices(context, pairs, DType::i32,
                            [&](int64_t e) { return (e / c.k + 1 + e % c.k) % c.n; });
        BenchTensor samples(context, {c.n}, DType::i32, [](int64_t i) { return i; });
        BenchTensor logits(context, rows, DType::f32), probabilities(context, rows, DType::f32);
        BenchTensor target(context, rows, DType::f32), dlogits(context, rows, DType::f32);
        BenchTensor bank(context, {c.samples, c.classes}, DType::f32);
        const double n = static_cast<double>(rows.elements());
        const double p = static_cast<double>(pairs.elements());
        const double sums = 2 * 2 * p * static_cast<double>(c.classes);  // both spaces
        report(context, {fmt::format("label_aggregate {}x{}, K {}", c.n, c.classes, c.k),
                         5 * 4 * n + 2 * 8 * p, sums + 20 * n, [&] {
                           label_aggregate(context, {.scores_expression = scores,
                                                     .indices_expression = indices,
                                                     .scores_landmark = scores,
                                                     .indices_landmark = indices,
                                                     .logits = logits,
                                                     .sample_indices = samples,
                                                     .bank = bank,
                                                     .probabilities = probabilities,
                                                     .target = target});
                         }});
        report(context, {fmt::format("label_aggregate_backward {}x{}, K {}", c.n, c.classes, c.k),
                         3 * 4 * n + 2 * 12 * p, 2 * sums + 10 * n, [&] {
                           label_aggregate_backward(context, {.scores_expression = scores,
                                                              .indices_expression = indices,
                                                              .scores_landmark = scores,
                                                              .indices_landmark = indices,
                                                              .probabilities = probabilities,
                                                              .dtarget = target,
                                                              .dscores_expression = {dscores},
                                                              .dscores_landmark = {dscores},
                                                              .dlogits = {dlogits}});
                         }});
      }
    }};

}  // namespace lanet::bench
