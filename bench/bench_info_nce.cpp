#include "bench/bench.h"
#include "kernels/info_nce.h"
#include "kernels/info_nce_cases.h"

namespace lanet::bench {

static Benchmark info_nce_bench{
    "info_nce", [](Context& context) {
      for (const DType dtype : {DType::f32, DType::bf16}) {
        for (const auto& c : kInfoNceCases) {
          if (!c.bench) continue;
          context.reserve_workspace(
              info_nce_workspace_bytes(c.queries, c.width, c.bank_rows, dtype));
          // Random numbers, not unit rows: a high temperature keeps the exponents in their usual
          // range.
          const double temperature = c.temperature * static_cast<double>(c.width) / 3;
          BenchTensor q(context, {c.queries, c.width}, dtype),
              k(context, {c.queries, c.width}, dtype);
          BenchTensor bank(context, {c.bank_rows, c.width}, dtype), loss(context, {1}, DType::f32);
          BenchTensor dq(context, {c.queries, c.width}, dtype);
          BenchTensor labels(context, {c.queries}, DType::i32,
                             [&](int64_t i) { return i % c.num_labels; });
          BenchTensor bank_labels(context, {c.bank_rows}, DType::i32,
                                  [&](int64_t m) { return m % (2 * c.num_labels); });
          const double products = static_cast<double>(c.queries * c.width) *
                                  static_cast<double>(c.queries + c.bank_rows);
          report(context,
                 {fmt::format("info_nce {} {}x{} bank {}", dtype, c.queries, c.width, c.bank_rows),
                  static_cast<double>(bank.tensor().bytes()), 4 * products, [&] {
                    info_nce(context, {.q = q,
                                       .k = k,
                                       .bank = bank,
                                       .labels = labels,
                                       .bank_labels = bank_labels,
                                       .loss = loss,
                                       .dq = {dq},
                                       .temperature = temperature});
                  }});
        }
      }
    }};

}  // namespace lanet::bench
