#include "bench/bench.h"
#include "kernels/heatmap.h"
#include "kernels/heatmap_cases.h"

namespace lanet::bench {

static Benchmark heatmap_bench{
    "heatmap", [](Context& context) {
      for (const auto& c : kHeatmapCases) {
        if (!c.bench) continue;
        const Shape shape{c.batch, c.height, c.width, c.landmarks};
        BenchTensor landmarks(context, {c.batch, c.landmarks, 2}, DType::f32);
        BenchTensor target(context, shape, DType::f32), weight(context, shape, DType::f32);
        float* xy = landmarks.tensor().as<float>();  // from [-1, 1) into the grid
        for (int64_t i = 0; i < landmarks.tensor().elements(); ++i)
          xy[i] = (xy[i] + 1) * 0.5f * kHeatmapStride * static_cast<float>(c.width);
        report({fmt::format("heatmap {}", shape), 8.0 * shape.elements(),
                1e3 * c.batch * c.landmarks, [&] {
                  heatmap(context, {.landmarks = landmarks, .target = target, .weight = weight});
                }});
      }
    }};

}  // namespace lanet::bench
