#include "bench/bench.h"
#include "kernels/early_learning.h"
#include "kernels/early_learning_cases.h"

namespace lanet::bench {

static const Registration early_learning_bench{
    {.axes = {"batch", "classes", "samples"},
     .sizes = bench_sizes(kEarlyLearningCases,
                          [](const EarlyLearningCase& c) {
                            return std::vector<int64_t>{c.batch, c.classes, c.samples};
                          }),
     .run = [](Context& context, const Sizes& s, DType dtype, const Measure& measure) {
       const Shape batch{s[0], s[1]};
       const double share = 1.0 / static_cast<double>(s[1]);
       OwnedTensor logits(context, batch, dtype, numbers), dlogits(context, batch, dtype),
           target(context, batch, accumulate_dtype(dtype)),
           loss(context, {1}, accumulate_dtype(dtype)),
           targets(context, {s[2], s[1]}, accumulate_dtype(dtype), [=](int64_t) { return share; });
       OwnedTensor samples(context, {s[0]}, DType::i32, [&](int64_t i) { return 7 * i % s[2]; });
       measure([&] {
         early_learning(context, {.logits = logits,
                                  .sample_indices = samples,
                                  .targets = targets,
                                  .target = target,
                                  .loss = loss,
                                  .dlogits = {dlogits}});
       });
     }}};

}  // namespace lanet::bench
