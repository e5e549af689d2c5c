#include "bench/bench.h"
#include "kernels/linear.h"
#include "kernels/linear_cases.h"

namespace lanet::bench {

static Benchmark linear_bench{
    "linear", [](Context& context) {
      for (const auto& c : kLinearCases) {
        if (!c.bench) continue;
        BenchTensor x(context, {c.batch, c.in}, DType::f32),
            dx(context, {c.batch, c.in}, DType::f32);
        BenchTensor weight(context, {c.out, c.in}, DType::f32),
            dweight(context, {c.out, c.in}, DType::f32);
        BenchTensor bias(context, {c.out}, DType::f32), dbias(context, {c.out}, DType::f32);
        BenchTensor y(context, {c.batch, c.out}, DType::f32);
        context.reserve_workspace(
            linear_backward_workspace_bytes({c.batch, c.out}, DType::f32, c.relu));
        const double bytes = 4.0 * (c.batch * c.in + c.out * c.in + c.batch * c.out);
        const double flops = 2.0 * c.batch * c.in * c.out;
        const std::string size = fmt::format("{}x{}->{}", c.batch, c.in, c.out);
        report(context, {"linear " + size, bytes, flops, [&] {
                           linear(context,
                                  {.x = x, .weight = weight, .bias = bias, .y = y, .relu = c.relu});
                         }});
        report(context, {"linear_backward " + size, 2 * bytes, 2 * flops, [&] {
                           linear_backward(context, {.x = x,
                                                     .weight = weight,
                                                     .y = y,
                                                     .dy = y,
                                                     .relu = c.relu,
                                                     .dx = {dx},
                                                     .dweight = {dweight},
                                                     .dbias = {dbias}});
                         }});
      }
    }};

}  // namespace lanet::bench
