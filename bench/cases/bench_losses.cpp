#include "bench/bench.h"
#include "kernels/adaptive_wing_cases.h"
#include "kernels/class_loss_cases.h"
#include "kernels/count_correct.h"
#include "kernels/pseudo_label.h"

namespace lanet::bench {

static const Registration class_loss_bench{
    {.axes = {"batch", "classes"},
     .sizes = bench_sizes(kClassLossCases,
                          [](const ClassLossCase& c) {
                            return std::vector<int64_t>{c.batch, c.classes};
                          }),
     .run = [](Context& context, const Sizes& s, DType dtype, const Measure& measure) {
       const SoftmaxCrossEntropyTensors entropy({s[0], s[1]}, dtype, false, context);
       const KlDivergenceTensors divergence({s[0], s[1]}, dtype, {}, context);
       const OwnedTensor samples(context, {s[0]}, DType::i32, numbers),
           correct(context, {1}, DType::i32, numbers);
       measure([&] { softmax_cross_entropy(context, entropy.args()); });
       measure([&] { kl_divergence(context, divergence.args()); });
       measure([&] {
         pseudo_label(context, {.target = divergence.target,
                                .sample_indices = samples,
                                .labels = entropy.labels,
                                .threshold = 0.7});
       });
       measure([&] {
         count_correct(context,
                       {.logits = entropy.logits, .labels = entropy.labels, .correct = correct});
       });
     }}};

static const Registration adaptive_wing_bench{
    {.axes = {"batch", "height", "width", "landmarks", "channels"},
     .sizes = bench_sizes(
         kAdaptiveWingCases,
         [](const AdaptiveWingCase& c) {
           return std::vector<int64_t>{c.batch, c.height, c.width, c.landmarks, c.channels};
         }),
     .dtypes = {DType::f32, DType::bf16},
     .run = [](Context& context, const Sizes& s, DType dtype, const Measure& measure) {
       const AdaptiveWingTensors t({s[0], s[1], s[2], s[3], s[4]}, dtype, context);
       context.reserve_workspace(adaptive_wing_workspace_bytes(t.target.shape()));
       measure([&] { adaptive_wing(context, t.args()); });
     }}};

}  // namespace lanet::bench
