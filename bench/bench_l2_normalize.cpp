#include "bench/bench.h"
#include "kernels/l2_normalize.h"
#include "kernels/l2_normalize_cases.h"

namespace lanet::bench {

static Benchmark l2_normalize_bench{
    "l2_normalize", [](Context& context) {
      for (const auto& c : kL2NormalizeCases) {
        if (!c.bench) continue;
        BenchTensor x(context, {c.rows, c.width}, DType::f32),
            y(context, {c.rows, c.width}, DType::f32);
        BenchTensor norm(context, {c.rows}, DType::f32);
        const double n = static_cast<double>(c.rows * c.width);
        report(context, {fmt::format("l2_normalize {}x{}", c.rows, c.width), 2 * 4 * n, 3 * n,
                         [&] { l2_normalize(context, {.x = x, .y = y, .norm = norm}); }});
        report(context,
               {fmt::format("l2_normalize_backward {}x{}", c.rows, c.width), 3 * 4 * n, 5 * n, [&] {
                  l2_normalize_backward(context, {.y = y, .norm = norm, .dy = x, .dx = {y}});
                }});
      }
    }};

}  // namespace lanet::bench
