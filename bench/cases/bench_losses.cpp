#include "bench/bench.h"
#include "kernels/adaptive_wing_cases.h"
#include "kernels/class_loss_cases.h"
#include "kernels/count_correct.h"
#include "kernels/kl_divergence.h"
#include "kernels/pseudo_label.h"
#include "kernels/softmax_cross_entropy.h"

namespace lanet::bench {

static const Registration class_loss_bench{
    {.axes = {"batch", "classes"},
     .sizes = bench_sizes(kClassLossCases,
                          [](const ClassLossCase& c) {
                            return std::vector<int64_t>{c.batch, c.classes};
                          }),
     .run = [](Context& context, const Sizes& s, DType, const Measure& measure) {
       const Shape shape{s[0], s[1]};
       OwnedTensor logits(context, shape, DType::f32, numbers), dlogits(context, shape, DType::f32);
       OwnedTensor target(context, shape, DType::f32, numbers), dtarget(context, shape, DType::f32);
       OwnedTensor labels(context, {s[0]}, DType::i32, numbers),
           samples(context, {s[0]}, DType::i32, numbers);
       OwnedTensor loss(context, {1}, DType::f32), correct(context, {1}, DType::i32, numbers);
       measure([&] {
         softmax_cross_entropy(
             context, {.logits = logits, .labels = labels, .loss = loss, .dlogits = {dlogits}});
       });
       measure([&] {
         kl_divergence(context, {.target = target,
                                 .logits = logits,
                                 .loss = loss,
                                 .dtarget = {dtarget},
                                 .dlogits = {dlogits}});
       });
       measure([&] {
         pseudo_label(
             context,
             {.target = target, .sample_indices = samples, .labels = labels, .threshold = 0.7});
       });
       measure([&] {
         count_correct(context, {.logits = logits, .labels = labels, .correct = correct});
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
