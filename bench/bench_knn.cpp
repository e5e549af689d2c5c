#include "bench/bench.h"
#include "kernels/knn.h"
#include "kernels/knn_cases.h"

namespace lanet::bench {

static Benchmark knn_bench{
    "knn", [](Context& context) {
      for (const DType dtype : {DType::f32, DType::bf16}) {
        for (const auto& c : kKnnCases) {
          if (!c.bench) continue;
          context.reserve_workspace(knn_workspace_bytes(c.n, c.d, dtype));
          BenchTensor features(context, {c.n, c.d}, dtype),
              indices(context, {c.n, c.k}, DType::i32);
          const double n = static_cast<double>(c.n), d = static_cast<double>(c.d);
          report(context, {fmt::format("knn {} {}x{}", dtype, c.n, c.d),
                           n * d * static_cast<double>(size_of(dtype)), 2 * n * n * d, [&] {
                             knn(context, {.features = features, .indices = indices, .k = c.k});
                           }});
        }
      }
    }};

}  // namespace lanet::bench
