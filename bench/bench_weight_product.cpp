#include "bench/bench.h"
#include "kernels/weight_product.h"
#include "kernels/weight_product_cases.h"

namespace lanet::bench {

// Of float32 weights, rounded to bf16.
static const Registration weight_product_bench{
    {.axes = {"rows", "inner", "columns"},
     .sizes = bench_sizes(kWeightProductCases,
                          [](const WeightProductCase& c) {
                            return std::vector<int64_t>{c.rows, c.inner, c.columns};
                          }),
     .run = [](Context& context, const Sizes& s, DType, const Measure& measure) {
       const Shape a_shape{s[0], s[1]}, b_shape{s[1], s[2]}, y_shape{s[0], s[2]};
       BenchTensor a(context, a_shape, DType::f32), b(context, b_shape, DType::f32);
       BenchTensor da(context, a_shape, DType::f32), db(context, b_shape, DType::f32);
       BenchTensor y(context, y_shape, DType::bf16), dy(context, y_shape, DType::f32);
       context.reserve_workspace(weight_product_workspace_bytes(y_shape, DType::bf16));
       measure([&] { weight_product(context, {.a = a, .b = b, .y = y}); });
       measure([&] {
         weight_product_backward(context, {.a = a, .b = b, .dy = dy, .da = {da}, .db = {db}});
       });
     }}};

}  // namespace lanet::bench
