#include "bench/bench.h"
#include "kernels/linear.h"
#include "kernels/linear_cases.h"

namespace lanet::bench {

// With bias and ReLU.
static const Registration linear_bench{
    {.axes = {"batch", "in", "out"},
     .sizes = bench_sizes(kLinearCases,
                          [](const LinearCase& c) {
                            return std::vector<int64_t>{c.batch, c.in, c.out};
                          }),
     .run = [](Context& context, const Sizes& s, DType, const Measure& measure) {
       const int64_t batch = s[0], in = s[1], out = s[2];
       OwnedTensor x(context, {batch, in}, DType::f32, numbers),
           dx(context, {batch, in}, DType::f32);
       OwnedTensor weight(context, {out, in}, DType::f32, numbers),
           dweight(context, {out, in}, DType::f32);
       OwnedTensor bias(context, {out}, DType::f32, numbers), dbias(context, {out}, DType::f32),
           y(context, {batch, out}, DType::f32);
       context.reserve_workspace(linear_backward_workspace_bytes({batch, out}, DType::f32, true));
       measure([&] {
         linear(context, {.x = x, .weight = weight, .bias = bias, .y = y, .relu = true});
       });
       measure([&] {
         linear_backward(context, {.x = x,
                                   .weight = weight,
                                   .y = y,
                                   .dy = y,
                                   .relu = true,
                                   .dx = {dx},
                                   .dweight = {dweight},
                                   .dbias = {dbias}});
       });
     }}};

}  // namespace lanet::bench
