#include "bench/bench.h"
#include "kernels/heatmap_cases.h"

namespace lanet::bench {

static const Registration heatmap_bench{
    {.axes = {"batch", "height", "width", "landmarks"},
     .sizes = bench_sizes(kHeatmapCases,
                          [](const HeatmapCase& c) {
                            return std::vector<int64_t>{c.batch, c.height, c.width, c.landmarks};
                          }),
     .run = [](Context& context, const Sizes& s, DType, const Measure& measure) {
       const HeatmapTensors t({s[0], s[1], s[2], s[3]}, DType::f32, context);
       measure([&] { heatmap(context, t.args()); });
     }}};

}  // namespace lanet::bench
