#include "bench/bench.h"
#include "kernels/l2_normalize_cases.h"

namespace lanet::bench {

static const Registration l2_normalize_bench{
    {.axes = {"rows", "width"},
     .sizes = bench_sizes(kL2NormalizeCases,
                          [](const L2NormalizeCase& c) {
                            return std::vector<int64_t>{c.rows, c.width};
                          }),
     .run = [](Context& context, const Sizes& s, DType, const Measure& measure) {
       const L2NormalizeTensors t({s[0], s[1]}, DType::f32, /*add=*/false, context);
       measure([&] { l2_normalize(context, t.forward()); });
       measure([&] { l2_normalize_backward(context, t.backward()); });
     }}};

}  // namespace lanet::bench
