#include "bench/bench.h"
#include "kernels/dropout_cases.h"

namespace lanet::bench {

static const Registration dropout_bench{
    {.axes = {"rows", "width"},
     .sizes = bench_sizes(kDropoutCases,
                          [](const DropoutCase& c) {
                            return std::vector<int64_t>{c.rows, c.width};
                          }),
     .dtypes = {DType::f32, DType::bf16},
     .run = [](Context& context, const Sizes& s, DType dtype, const Measure& measure) {
       const DropoutTensors t({s[0], s[1], 0}, dtype, false, context);
       measure([&] { dropout(context, t.forward()); });
       measure([&] { dropout_backward(context, t.backward()); });
     }}};

}  // namespace lanet::bench
