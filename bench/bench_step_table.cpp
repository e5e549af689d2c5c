// What a step of 128 images takes from its epoch's tables and leaves there.
#include "bench/bench.h"
#include "kernels/augment.h"
#include "kernels/class_loss_cases.h"
#include "kernels/count_correct.h"
#include "kernels/step_table.h"

namespace lanet::bench {

static Benchmark step_table_bench{
    "step_table", [](Context& context) {
      constexpr int64_t kSteps = 96, kBatch = 128, kParameterBytes = sizeof(AugmentParameters);
      BenchTensor samples(context, {kSteps, kBatch}, DType::i32),
          parameters(context, {kSteps, kBatch, kParameterBytes}, DType::u8),
          sample_row(context, {kBatch}, DType::i32),
          parameter_row(context, {kBatch, kParameterBytes}, DType::u8),
          position(context, {1}, DType::i32);
      const StepTableArgs args{.tables = {{{samples, sample_row}, {parameters, parameter_row}}},
                               .position = position};
      const double bytes = 2.0 * kBatch * (sizeof(int32_t) + kParameterBytes);
      report(context, {"step_table_load", bytes, 0, [&] { step_table_load(context, args); }});
      report(context, {"step_table_store", bytes, 0, [&] { step_table_store(context, args); }});
    }};

static Benchmark count_correct_bench{
    "count_correct", [](Context& context) {
      for (const auto& c : kClassLossCases) {
        if (!c.bench) continue;
        BenchTensor logits(context, {c.batch, c.classes}, DType::f32);
        BenchTensor labels(context, {c.batch}, DType::i32), correct(context, {1}, DType::i32);
        const double n = static_cast<double>(c.batch * c.classes);
        report(context, {fmt::format("count_correct {}x{}", c.batch, c.classes),
                         4 * n + 4 * static_cast<double>(c.batch), n, [&] {
                           count_correct(context,
                                         {.logits = logits, .labels = labels, .correct = correct});
                         }});
      }
    }};

}  // namespace lanet::bench
