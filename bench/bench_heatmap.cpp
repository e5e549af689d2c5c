#include "bench/bench.h"
#include "core/rng.h"
#include "kernels/heatmap.h"
#include "kernels/heatmap_cases.h"

namespace lanet::bench {

static Benchmark heatmap_bench{
    "heatmap", [](Context& context) {
      for (const auto& c : kHeatmapCases) {
        if (!c.bench) continue;
        const Shape shape{c.batch, c.height, c.width, c.landmarks};
        RandomStream stream(1, Purpose::benchmark);
        const float side = static_cast<float>(kHeatmapStride * c.width);
        BenchTensor landmarks(context, {c.batch, c.landmarks, 2}, DType::f32,
                              [&](int64_t) { return stream.uniform(0.0f, side); });
        BenchTensor target(context, shape, DType::f32), weight(context, shape, DType::f32);
        report(context, {fmt::format("heatmap {}", shape), 8.0 * shape.elements(),
                         1e3 * c.batch * c.landmarks, [&] {
                           heatmap(context,
                                   {.landmarks = landmarks, .target = target, .weight = weight});
                         }});
      }
    }};

}  // namespace lanet::bench
