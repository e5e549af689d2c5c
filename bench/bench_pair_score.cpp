#include "bench/bench.h"
#include "kernels/pair_score.h"
#include "kernels/pair_score_cases.h"

namespace lanet::bench {

static Benchmark pair_score_bench{
    "pair_score", [](Context& context) {
      for (const auto& c : kPairScoreCases) {
        if (!c.bench) continue;
        const int64_t half = c.d / 2, quarter = c.d / 4, pairs = c.n * c.k;
        context.reserve_workspace(pair_score_workspace_bytes(c.n, c.d, c.k, DType::f32));
        auto tensor = [&](const Shape& shape) { return BenchTensor(context, shape, DType::f32); };
        const BenchTensor h = tensor({c.n, c.d}), dh = tensor({c.n, c.d});
        const BenchTensor weight0 = tensor({half, c.d}), weight2 = tensor({quarter, half}),
                          weight4 = tensor({2, quarter});
        const BenchTensor dweight0 = tensor({half, c.d}), dweight2 = tensor({quarter, half}),
                          dweight4 = tensor({2, quarter});
        const BenchTensor bias0 = tensor({half}), bias2 = tensor({quarter}), bias4 = tensor({2});
        const BenchTensor hidden0 = tensor({pairs, half}), hidden2 = tensor({pairs, quarter});
        const BenchTensor scores = tensor({c.n, c.k}), dscores = tensor({c.n, c.k});
        const BenchTensor indices(context, {c.n, c.k}, DType::i32,
                                  [&](int64_t e) { return (e / c.k + 1 + e % c.k) % c.n; });
        const auto elements = [](std::initializer_list<const BenchTensor*> tensors) {
          double sum = 0;
          for (const BenchTensor* t : tensors) sum += static_cast<double>(t->tensor().elements());
          return sum;
        };
        const double bytes =
            4 * elements({&h, &weight0, &weight2, &weight4, &hidden0, &hidden2, &scores});
        const double flops = 2.0 * static_cast<double>(c.n * c.d * half + pairs * quarter * half);
        report(context, {fmt::format("pair_score {}x{} k {}", c.n, c.d, c.k), bytes, flops, [&] {
                           pair_score(context, {.h = h,
                                                .indices = indices,
                                                .weight0 = weight0,
                                                .bias0 = bias0,
                                                .weight2 = weight2,
                                                .bias2 = bias2,
                                                .weight4 = weight4,
                                                .bias4 = bias4,
                                                .scores = scores,
                                                .hidden0 = hidden0,
                                                .hidden2 = hidden2});
                         }});
        report(context, {fmt::format("pair_score_backward {}x{} k {}", c.n, c.d, c.k), 2 * bytes,
                         2 * flops, [&] {
                           pair_score_backward(context, {.h = h,
                                                         .indices = indices,
                                                         .weight0 = weight0,
                                                         .weight2 = weight2,
                                                         .weight4 = weight4,
                                                         .scores = scores,
                                                         .hidden0 = hidden0,
                                                         .hidden2 = hidden2,
                                                         .dscores = dscores,
                                                         .dh = {dh},
                                                         .dweight0 = {dweight0},
                                                         .dbias0 = {bias0},
                                                         .dweight2 = {dweight2},
                                                         .dbias2 = {bias2},
                                                         .dweight4 = {dweight4},
                                                         .dbias4 = {bias4}});
                         }});
      }
    }};

}  // namespace lanet::bench
