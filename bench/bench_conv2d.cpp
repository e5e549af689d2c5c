#include "bench/bench.h"
#include "kernels/conv2d_cases.h"

namespace lanet::bench {

static Benchmark conv2d_bench{
    "conv2d", [](Context& context) {
      for (const auto& c : kConv2dCases) {
        if (!c.name) continue;
        for (const DType dtype : {DType::f32, DType::bf16}) {
          Conv2dShape s = c.shape;
          s.dtype = dtype;
          Conv2dPlan plan(context, s, /*data_gradient=*/true, /*weight_gradient=*/true);
          context.reserve_workspace(plan.workspace_bytes());
          BenchTensor x(context, s.x(), dtype), dx(context, s.x(), dtype);
          BenchTensor weight(context, s.weight(), dtype), dweight(context, s.weight(), DType::f32);
          BenchTensor y(context, s.y(), dtype);
          const double bytes =
              static_cast<double>(size_of(dtype)) *
              static_cast<double>(s.x().elements() + s.weight().elements() + s.y().elements());
          auto name = [&](const char* pass) {
            return fmt::format("conv2d{} {} {}", pass, dtype, c.name);
          };
          report({name(""), bytes, 2 * s.macs(),
                  [&] { conv2d(context, plan, {.x = x, .weight = weight, .y = y}); }});
          report({name("_backward_data"), bytes, 2 * s.macs(), [&] {
                    conv2d_backward_data(context, plan, {.dy = y, .weight = weight, .dx = {dx}});
                  }});
          report({name("_backward_weight"), bytes, 2 * s.macs(), [&] {
                    conv2d_backward_weight(context, plan, {.x = x, .dy = y, .dweight = {dweight}});
                  }});
        }
      }
    }};

}  // namespace lanet::bench
