// cuDNN's fused batch norm with ReLU, at the sizes at which bench_batch_norm.cpp times ours:
// forward stands beside statistics and apply, backward beside backward_reduce and backward_apply.
#include "bench/bench.h"
#include "kernels/batch_norm_cases.h"
#include "kernels/cuda/batch_norm_cudnn.h"

namespace lanet::bench {

namespace {

void measure(Context& context, int64_t rows, int64_t width, DType dtype) {
  const CudnnBatchNormShape shape{{1, rows, 1, width}, dtype, false, true};
  const CudnnBatchNorm norm(context, shape);
  context.reserve_workspace(norm.workspace_bytes());
  const Shape channels{width};
  BenchTensor x(context, shape.x, dtype), y(context, shape.x, dtype), dy(context, shape.x, dtype),
      dx(context, shape.x, dtype), mask(context, {norm.mask_bytes()}, DType::u8);
  BenchTensor weight(context, channels, DType::f32), bias(context, channels, DType::f32),
      running_mean(context, channels, DType::f32), running_var(context, channels, DType::f32),
      new_mean(context, channels, DType::f32), new_var(context, channels, DType::f32),
      mean(context, channels, DType::f32), inv_std(context, channels, DType::f32),
      dweight(context, channels, DType::f32), dbias(context, channels, DType::f32);
  const double n = static_cast<double>(rows * width);
  const double pass = n * static_cast<double>(size_of(dtype));  // over one tensor
  auto name = [&](const char* part) {
    return fmt::format("batch_norm_cudnn_{} {} {}x{}", part, dtype, rows, width);
  };
  report(context, {name("forward"), 3 * pass, 6 * n, [&] {
                     norm.forward(context, {.x = x,
                                            .weight = weight,
                                            .bias = bias,
                                            .running_mean = running_mean,
                                            .running_var = running_var,
                                            .new_running_mean = new_mean,
                                            .new_running_var = new_var,
                                            .mean = mean,
                                            .inv_std = inv_std,
                                            .y = y,
                                            .mask = mask});
                   }});
  report(context, {name("backward"), 5 * pass, 12 * n, [&] {
                     norm.backward(context, {.x = x,
                                             .mean = mean,
                                             .inv_std = inv_std,
                                             .weight = weight,
                                             .dy = dy,
                                             .mask = mask,
                                             .dx = dx,
                                             .dweight = dweight,
                                             .dbias = dbias});
                   }});
}

}  // namespace

static Benchmark batch_norm_cudnn_bench{
    "batch_norm_cudnn", [](Context& context) {
      if (context.device() != Device::cuda) {
        fmt::print("batch_norm_cudnn is for --device cuda\n");
        return;
      }
      for (const auto& c : kBatchNormCases) {
        if (!c.bench) continue;
        const int64_t rows = batch_for(context, c.rows);
        for (const DType dtype : {DType::f32, DType::bf16}) {
          try {
            measure(context, rows, c.channels, dtype);
          } catch (const Error& error) {  // the library has no engine: that is the finding
            fmt::print("batch_norm_cudnn {} {}x{}: {}\n", dtype, rows, c.channels, error.what());
          }
        }
      }
    }};

}  // namespace lanet::bench
