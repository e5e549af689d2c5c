#include "bench/bench.h"
#include "kernels/weight_product.h"
#include "kernels/weight_product_cases.h"

namespace lanet::bench {

static Benchmark weight_product_bench{
    "weight_product", [](Context& context) {
      for (const auto& c : kWeightProductCases) {
        if (!c.bench) continue;
        const Shape a_shape{c.rows, c.inner}, b_shape{c.inner, c.columns},
            y_shape{c.rows, c.columns};
        BenchTensor a(context, a_shape, DType::f32), b(context, b_shape, DType::f32);
        BenchTensor da(context, a_shape, DType::f32), db(context, b_shape, DType::f32);
        BenchTensor y(context, y_shape, DType::bf16), dy(context, y_shape, DType::f32);
        context.reserve_workspace(weight_product_workspace_bytes(y_shape, DType::bf16));
        const double bytes = 4.0 * (c.rows * c.inner + c.inner * c.columns + c.rows * c.columns);
        const double flops = 2.0 * c.rows * c.inner * c.columns;
        const std::string size = fmt::format("{}x{}x{}", c.rows, c.inner, c.columns);
        report(context, {"weight_product bf16 " + size, bytes, flops,
                         [&] { weight_product(context, {.a = a, .b = b, .y = y}); }});
        report(context, {"weight_product_backward " + size, 2 * bytes, 2 * flops, [&] {
                           weight_product_backward(
                               context, {.a = a, .b = b, .dy = dy, .da = {da}, .db = {db}});
                         }});
      }
    }};

}  // namespace lanet::bench
