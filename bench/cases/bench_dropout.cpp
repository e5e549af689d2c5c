#include "bench/bench.h"
#include "kernels/dropout.h"
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
       const Shape shape{s[0], s[1]};
       OwnedTensor x(context, shape, dtype, numbers), y(context, shape, dtype),
           dy(context, shape, dtype, numbers), dx(context, shape, dtype),
           step(context, {1}, DType::i32, numbers);
       const DropoutMask mask{.rate = 0.3, .seed = 1, .step = step};
       measure([&] { dropout(context, {.x = x, .y = y, .mask = mask}); });
       measure([&] { dropout_backward(context, {.dy = dy, .dx = {dx}, .mask = mask}); });
     }}};

}  // namespace lanet::bench
