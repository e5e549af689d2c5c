#include "bench/bench.h"
#include "kernels/class_loss_cases.h"
#include "kernels/pseudo_label.h"

namespace lanet::bench {

static Benchmark pseudo_label_bench{
    "pseudo_label", [](Context& context) {
      for (const auto& c : kClassLossCases) {
        if (!c.bench) continue;
        BenchTensor target(context, {c.batch, c.classes}, DType::f32);
        BenchTensor samples(context, {c.batch}, DType::i32), labels(context, {c.batch}, DType::i32);
        const double n = static_cast<double>(c.batch * c.classes);
        report(context, {fmt::format("pseudo_label {}x{}", c.batch, c.classes),
                         4 * n + 8 * static_cast<double>(c.batch), n, [&] {
                           pseudo_label(
                               context,
                               {.target = target, .sample_indices = samples, .labels = labels});
                         }});
      }
    }};

}  // namespace lanet::bench
