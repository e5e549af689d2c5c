#include "bench/bench.h"
#include "kernels/cast.h"
#include "kernels/cast_cases.h"

namespace lanet::bench {

static Benchmark cast_bench{
    "cast", [](Context& context) {
      for (const auto& c : kCastCases) {
        if (!c.bench) continue;
        BenchTensor wide(context, {c.elements}, DType::f32);
        BenchTensor narrow(context, {c.elements}, DType::bf16);
        const double n = static_cast<double>(c.elements);
        report(context, {fmt::format("cast f32 to bf16 {}", c.elements), 6 * n, 0,
                         [&] { cast(context, {.from = wide, .to = narrow}); }});
        report(context, {fmt::format("cast bf16 to f32 {}", c.elements), 6 * n, 0,
                         [&] { cast(context, {.from = narrow, .to = wide}); }});
      }
    }};

}  // namespace lanet::bench
