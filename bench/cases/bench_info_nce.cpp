#include "bench/bench.h"
#include "kernels/info_nce.h"
#include "kernels/info_nce_cases.h"

namespace lanet::bench {

static const Registration info_nce_bench{
    {.axes = {"queries", "width", "bank_rows"},
     .sizes = bench_sizes(kInfoNceCases,
                          [](const InfoNceCase& c) {
                            return std::vector<int64_t>{c.queries, c.width, c.bank_rows};
                          }),
     .dtypes = {DType::f32, DType::bf16},
     .run = [](Context& context, const Sizes& s, DType dtype, const Measure& measure) {
       const Shape rows{s[0], s[1]};
       constexpr int64_t kLabels = 7;
       // Random numbers, not unit rows: a high temperature keeps the exponents in their usual
       // range.
       const double temperature = 0.1 * static_cast<double>(s[1]) / 3;
       context.reserve_workspace(info_nce_workspace_bytes(s[0], s[0], s[1], s[2], dtype));
       OwnedTensor q(context, rows, dtype, numbers), k(context, rows, dtype, numbers),
           dq(context, rows, dtype);
       OwnedTensor bank(context, {s[2], s[1]}, dtype, numbers), loss(context, {1}, DType::f32);
       OwnedTensor labels(context, {s[0]}, DType::i32, [&](int64_t i) { return i % kLabels; });
       OwnedTensor bank_labels(context, {s[2]}, DType::i32,
                               [&](int64_t m) { return m % (2 * kLabels); });
       measure([&] {
         info_nce(context, {.q = q,
                            .k = k,
                            .bank = bank,
                            .labels = labels,
                            .bank_labels = bank_labels,
                            .loss = loss,
                            .dq = {dq},
                            .temperature = temperature});
       });
     }}};

}  // namespace lanet::bench
