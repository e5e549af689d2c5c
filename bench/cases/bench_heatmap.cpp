#include "bench/bench.h"
#include "core/rng.h"
#include "kernels/heatmap.h"
#include "kernels/heatmap_cases.h"

namespace lanet::bench {

static const Registration heatmap_bench{
    {.axes = {"batch", "height", "width", "landmarks"},
     .sizes = bench_sizes(kHeatmapCases,
                          [](const HeatmapCase& c) {
                            return std::vector<int64_t>{c.batch, c.height, c.width, c.landmarks};
                          }),
     .run = [](Context& context, const Sizes& s, DType, const Measure& measure) {
       const Shape shape{s[0], s[1], s[2], s[3]};
       RandomStream stream(1, Purpose::benchmark);
       const float side = static_cast<float>(kHeatmapStride * s[2]);
       OwnedTensor landmarks(context, {s[0], s[3], 2}, DType::f32,
                             [&](int64_t) { return stream.uniform(0.0f, side); });
       OwnedTensor target(context, shape, DType::f32), weight(context, shape, DType::f32);
       measure(
           [&] { heatmap(context, {.landmarks = landmarks, .target = target, .weight = weight}); });
     }}};

}  // namespace lanet::bench
