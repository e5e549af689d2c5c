#include "bench/bench.h"
#include "kernels/adaptive_wing.h"
#include "kernels/adaptive_wing_cases.h"
#include "kernels/class_loss_cases.h"
#include "kernels/kl_divergence.h"
#include "kernels/softmax_cross_entropy.h"

namespace lanet::bench {

static Benchmark class_loss_bench{
    "losses on logits", [](Context& context) {
      for (const auto& c : kClassLossCases) {
        if (!c.bench) continue;
        const Shape shape{c.batch, c.classes};
        BenchTensor logits(context, shape, DType::f32), dlogits(context, shape, DType::f32);
        BenchTensor target(context, shape, DType::f32), dtarget(context, shape, DType::f32);
        BenchTensor labels(context, {c.batch}, DType::i32), loss(context, {1}, DType::f32);
        const double n = static_cast<double>(c.batch * c.classes);
        report(context,
               {fmt::format("softmax_cross_entropy {}x{}", c.batch, c.classes), 8 * n, 10 * n, [&] {
                  softmax_cross_entropy(
                      context,
                      {.logits = logits, .labels = labels, .loss = loss, .dlogits = {dlogits}});
                }});
        report(context,
               {fmt::format("kl_divergence {}x{}", c.batch, c.classes), 16 * n, 20 * n, [&] {
                  kl_divergence(context, {.target = target,
                                          .logits = logits,
                                          .loss = loss,
                                          .dtarget = {dtarget},
                                          .dlogits = {dlogits}});
                }});
      }
    }};

static Benchmark adaptive_wing_bench{
    "adaptive_wing", [](Context& context) {
      for (const auto& c : kAdaptiveWingCases) {
        if (!c.bench) continue;
        const Shape shape{c.batch, c.height, c.width, c.landmarks};
        context.reserve_workspace(adaptive_wing_workspace_bytes(shape));
        for (const DType dtype : {DType::f32, DType::bf16}) {
          BenchTensor prediction(context, shape, dtype), dprediction(context, shape, dtype);
          BenchTensor target(context, shape, DType::f32), weight(context, shape, DType::f32);
          BenchTensor loss(context, {1}, DType::f32);
          const double n = static_cast<double>(shape.elements());
          report(context, {fmt::format("adaptive_wing {} {}", dtype, shape),
                           n * (8 + 2 * size_of(dtype)), 60 * n, [&] {
                             adaptive_wing(context, {.prediction = prediction,
                                                     .target = target,
                                                     .weight = weight,
                                                     .loss = loss,
                                                     .dprediction = {dprediction}});
                           }});
        }
      }
    }};

}  // namespace lanet::bench
