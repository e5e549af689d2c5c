#include "bench/bench.h"
#include "kernels/l2_normalize.h"
#include "kernels/l2_normalize_cases.h"

namespace lanet::bench {

static const Registration l2_normalize_bench{
    {.axes = {"rows", "width"},
     .sizes = bench_sizes(kL2NormalizeCases,
                          [](const L2NormalizeCase& c) {
                            return std::vector<int64_t>{c.rows, c.width};
                          }),
     .run = [](Context& context, const Sizes& s, DType, const Measure& measure) {
       OwnedTensor x(context, {s[0], s[1]}, DType::f32, numbers),
           y(context, {s[0], s[1]}, DType::f32), norm(context, {s[0]}, DType::f32);
       measure([&] { l2_normalize(context, {.x = x, .y = y, .norm = norm}); });
       measure([&] { l2_normalize_backward(context, {.y = y, .norm = norm, .dy = x, .dx = {y}}); });
     }}};

}  // namespace lanet::bench
