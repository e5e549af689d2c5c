#include "bench/bench.h"
#include "kernels/conv2d_cases.h"

namespace lanet::bench {

namespace {

void run(Context& context, const Conv2dShape& s, const std::string& numbers, const char* layer) {
  Conv2dPlan plan(context, s, /*data_gradient=*/true, /*weight_gradient=*/true);
  context.reserve_workspace(plan.workspace_bytes());
  BenchTensor x(context, s.x(), s.dtype), dx(context, s.x(), s.dtype);
  BenchTensor weight(context, s.weight(), s.dtype), dweight(context, s.weight(), DType::f32);
  BenchTensor y(context, s.y(), s.dtype);
  const double bytes =
      static_cast<double>(size_of(s.dtype)) *
      static_cast<double>(s.x().elements() + s.weight().elements() + s.y().elements());
  auto name = [&](const char* pass) { return fmt::format("conv2d{} {} {}", pass, numbers, layer); };
  report(context, {name(""), bytes, 2 * s.macs(),
                   [&] { conv2d(context, plan, {.x = x, .weight = weight, .y = y}); }});
  report(context, {name("_backward_data"), bytes, 2 * s.macs(), [&] {
                     conv2d_backward_data(context, plan, {.dy = y, .weight = weight, .dx = {dx}});
                   }});
  report(context, {name("_backward_weight"), bytes, 2 * s.macs(), [&] {
                     conv2d_backward_weight(context, plan, {.x = x, .dy = y, .dweight = {dweight}});
                   }});
}

}  // namespace

static Benchmark conv2d_bench{"conv2d", [](Context& context) {
                                for (const auto& c : kConv2dCases) {
                                  if (!c.name) continue;
                                  Conv2dShape s = c.shape;
                                  s.batch = batch_for(context, s.batch);
                                  run(context, s, "f32", c.name);
                                  if (context.device() == Device::cuda) {
                                    context.set_tf32(true);
                                    run(context, s, "tf32", c.name);
                                    context.set_tf32(false);
                                  }
                                  s.dtype = DType::bf16;
                                  run(context, s, "bf16", c.name);
                                }
                              }};

}  // namespace lanet::bench
