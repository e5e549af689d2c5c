#include "bench/bench.h"
#include "kernels/label_posterior.h"
#include "kernels/label_posterior_cases.h"

namespace lanet::bench {

static const Registration label_posterior_bench{
    {.axes = {"batch", "classes", "samples"},
     .sizes = bench_sizes(kLabelPosteriorCases,
                          [](const LabelPosteriorCase& c) {
                            return std::vector<int64_t>{c.batch, c.classes, c.samples};
                          }),
     .run = [](Context& context, const Sizes& s, DType dtype, const Measure& measure) {
       const Shape batch{s[0], s[1]}, table{s[2], s[1]};
       const double share = 1.0 / static_cast<double>(s[1]);
       const auto even = [=](int64_t) { return share; };
       OwnedTensor logits(context, batch, dtype, numbers), target(context, batch, dtype),
           opinion(context, batch, accumulate_dtype(dtype)),
           channel(context, {s[1], s[1]}, accumulate_dtype(dtype), even),
           log_prior(context, table, accumulate_dtype(dtype), numbers),
           opinions(context, table, accumulate_dtype(dtype), even);
       OwnedTensor labels(context, {s[0]}, DType::i32, numbers),
           samples(context, {s[0]}, DType::i32, [&](int64_t i) { return 7 * i % s[2]; });
       measure([&] {
         label_posterior(context, {.logits = logits,
                                   .labels = labels,
                                   .sample_indices = samples,
                                   .channel = channel,
                                   .log_prior = log_prior,
                                   .opinions = opinions,
                                   .target = target,
                                   .opinion = opinion,
                                   .momentum = 0.9});
       });
     }}};

}  // namespace lanet::bench
