// cuDNN's fused batch norm with ReLU, at the sizes at which bench_batch_norm.cpp times ours:
// forward stands beside statistics and apply, backward beside backward_reduce and backward_apply.
#include "bench/bench.h"
#include "core/operation.h"
#include "kernels/batch_norm/batch_norm_cases.h"
#include "kernels/cuda/batch_norm_cudnn.h"

namespace lanet::bench {

namespace {

/// Its plan exists where something runs.
std::optional<CudnnBatchNorm> make_plan(Context& context, const CudnnBatchNormShape& shape) {
  std::optional<CudnnBatchNorm> norm;
  if (context.counts_only()) return norm;
  norm.emplace(context, shape);
  context.reserve_workspace(norm->workspace_bytes());
  return norm;
}

void run(Context& context, const Sizes& s, DType dtype, const Measure& measure) {
  const CudnnBatchNormShape shape{{1, s[0], 1, s[1]}, dtype, false, true};
  std::optional<CudnnBatchNorm> norm;
  try {
    norm = make_plan(context, shape);
  } catch (const Error& error) {  // the library has no engine: that is the finding
    fmt::print(stderr, "cudnn_batch_norm {} {}: {}\n", dtype, shape.x, error.what());
    return;
  }
  const Shape channels{s[1]}, bits{(shape.x.elements() + 7) / 8};
  OwnedTensor x(context, shape.x, dtype, numbers), y(context, shape.x, dtype),
      dy(context, shape.x, dtype, numbers), dx(context, shape.x, dtype),
      mask(context, bits, DType::u8, numbers);
  auto tensor = [&] { return OwnedTensor(context, channels, DType::f32, numbers); };
  const OwnedTensor weight = tensor(), bias = tensor(), running_mean = tensor(),
                    running_var = tensor(), new_mean = tensor(), new_var = tensor(),
                    mean = tensor(), inv_std = tensor(), dweight = tensor(), dbias = tensor();
  measure([&] {  // x once for the statistics and once more
    const Operation operation(context, "cudnn_batch_norm", {.bytes = bytes_of({x, x, y, mask})});
    if (!operation.runs()) return;
    norm->forward(context, {.x = x,
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
  });
  measure([&] {
    const Operation operation(context, "cudnn_batch_norm_backward",
                              {.bytes = bytes_of({x, dy, mask, x, dy, mask, dx})});
    if (!operation.runs()) return;
    norm->backward(context, {.x = x,
                             .mean = mean,
                             .inv_std = inv_std,
                             .weight = weight,
                             .dy = dy,
                             .mask = mask,
                             .dx = dx,
                             .dweight = dweight,
                             .dbias = dbias});
  });
}

}  // namespace

static const Registration batch_norm_cudnn_bench{
    {.axes = {"rows", "channels"},
     .sizes = bench_sizes(kBatchNormCases,
                          [](const BatchNormCase& c) {
                            return std::vector<int64_t>{c.rows, c.channels};
                          }),
     .dtypes = {DType::f32, DType::bf16},
     .images = true,
     .device = Device::cuda,
     .run = run}};

}  // namespace lanet::bench
