// cuDNN's fused batch norm, which ours is compared with, against our definition in double.
#include "kernels/batch_norm/batch_norm.h"
#include "kernels/cuda/batch_norm_cudnn.h"
#include "tests/device_test.h"

namespace lanet::test {
namespace {

struct Inputs {
  OwnedTensor x, residual, dy, weight, bias, running_mean, running_var;

  Inputs(const CudnnBatchNormShape& s)
      : x(OwnedTensor::random(s.x, s.dtype, 1, -1, 2)),
        residual(OwnedTensor::random(s.x, s.dtype, 2)),
        dy(OwnedTensor::random(s.x, s.dtype, 3)),
        weight(OwnedTensor::random({s.x[3]}, DType::f32, 4, 0.5, 2)),
        bias(OwnedTensor::random({s.x[3]}, DType::f32, 5)),
        running_mean(OwnedTensor::random({s.x[3]}, DType::f32, 6)),
        running_var(OwnedTensor::random({s.x[3]}, DType::f32, 7, 0.5, 2)) {}
};

struct Run {
  OwnedTensor y, running_mean, running_var, dx, dresidual, dweight, dbias;
};

Run by_cudnn(const CudnnBatchNormShape& s, const Inputs& in) {
  Context context(Device::cuda);
  const CudnnBatchNorm norm(context, s);
  context.reserve_workspace(norm.workspace_bytes());
  const Shape channels{s.x[3]};
  const OwnedTensor image(s.x, s.dtype), vector(channels, DType::f32);
  const OwnedTensor x(context, in.x), residual(context, in.residual), dy(context, in.dy),
      weight(context, in.weight), bias(context, in.bias), running_mean(context, in.running_mean),
      running_var(context, in.running_var), new_mean(context, vector), new_var(context, vector),
      mean(context, vector), inv_std(context, vector), y(context, image), dx(context, image),
      dresidual(context, image), dweight(context, vector), dbias(context, vector),
      mask(context, OwnedTensor({norm.mask_bytes()}, DType::u8));
  norm.forward(context, {.x = x,
                         .weight = weight,
                         .bias = bias,
                         .residual = s.residual ? residual.tensor() : Tensor{},
                         .running_mean = running_mean,
                         .running_var = running_var,
                         .new_running_mean = new_mean,
                         .new_running_var = new_var,
                         .mean = mean,
                         .inv_std = inv_std,
                         .y = y,
                         .mask = s.relu ? mask.tensor() : Tensor{}});
  norm.backward(context, {.x = x,
                          .mean = mean,
                          .inv_std = inv_std,
                          .weight = weight,
                          .dy = dy,
                          .mask = s.relu ? mask.tensor() : Tensor{},
                          .dx = dx,
                          .dresidual = s.residual ? dresidual.tensor() : Tensor{},
                          .dweight = dweight,
                          .dbias = dbias});
  return {y.download(),         new_mean.download(), new_var.download(), dx.download(),
          dresidual.download(), dweight.download(),  dbias.download()};
}

/// y_seen: what the ReLU's backward pass goes by.
Run exactly(const CudnnBatchNormShape& s, const Inputs& in, const OwnedTensor& y_seen) {
  Context context;
  context.reserve_workspace(batch_norm_workspace_bytes(s.x));
  const Shape channels{s.x[3]};
  auto wide = [](const OwnedTensor& tensor) { return tensor.cast(DType::f64); };
  const OwnedTensor x = wide(in.x), residual = wide(in.residual), dy = wide(in.dy),
                    weight = wide(in.weight), bias = wide(in.bias), seen = wide(y_seen),
                    mean(channels, DType::f64), inv_std(channels, DType::f64),
                    sum_dy(channels, DType::f64), sum_xhat(channels, DType::f64);
  Run r{OwnedTensor(s.x, DType::f64),
        wide(in.running_mean),
        wide(in.running_var),
        OwnedTensor(s.x, DType::f64),
        OwnedTensor(s.x, DType::f64),
        OwnedTensor(channels, DType::f64),
        OwnedTensor(channels, DType::f64)};
  batch_norm_statistics(context, {.x = x,
                                  .mean = mean,
                                  .inv_std = inv_std,
                                  .running_mean = r.running_mean,
                                  .running_var = r.running_var});
  batch_norm_apply(context, {.x = x,
                             .mean = mean,
                             .inv_std = inv_std,
                             .weight = weight,
                             .bias = bias,
                             .residual = s.residual ? residual.tensor() : Tensor{},
                             .y = r.y,
                             .relu = s.relu});
  batch_norm_backward_reduce(context, {.x = x,
                                       .mean = mean,
                                       .inv_std = inv_std,
                                       .dy = dy,
                                       .y = seen,
                                       .relu = s.relu,
                                       .sum_dy = sum_dy,
                                       .sum_dy_xhat = sum_xhat,
                                       .dweight = {r.dweight},
                                       .dbias = {r.dbias}});
  batch_norm_backward_apply(context, {.x = x,
                                      .mean = mean,
                                      .inv_std = inv_std,
                                      .weight = weight,
                                      .dy = dy,
                                      .y = seen,
                                      .relu = s.relu,
                                      .sum_dy = sum_dy,
                                      .sum_dy_xhat = sum_xhat,
                                      .dx = {r.dx},
                                      .dresidual = {r.dresidual}});
  return r;
}

}  // namespace

TEST_CASE("cuda: cuDNN's fused batch norm follows our definition, twice the same") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::bf16}) {
    for (const auto& [residual, relu] : {std::pair{false, false}, {false, true}, {true, true}}) {
      const CudnnBatchNormShape s{{8, 14, 14, 64}, dtype, residual, relu};
      CAPTURE(to_string(dtype));
      CAPTURE(residual);
      CAPTURE(relu);
      const Inputs in(s);
      const Run fast = by_cudnn(s, in), again = by_cudnn(s, in), exact = exactly(s, in, fast.y);
      CHECK(again.y.bits_equal(fast.y));
      CHECK(again.dx.bits_equal(fast.dx));
      CHECK(again.dweight.bits_equal(fast.dweight));
      const int64_t rows = 8 * 14 * 14;
      CHECK(relative_error(fast.y, exact.y) < rounding_bound(dtype, 1, 4));
      CHECK(relative_error(fast.running_mean, exact.running_mean) <
            rounding_bound(DType::f32, rows, 1));
      CHECK(relative_error(fast.running_var, exact.running_var) <
            rounding_bound(DType::f32, rows, 1));
      CHECK(relative_error(fast.dx, exact.dx) < rounding_bound(dtype, 1, 8));
      CHECK(relative_error(fast.dweight, exact.dweight) < rounding_bound(DType::f32, rows, 4));
      CHECK(relative_error(fast.dbias, exact.dbias) < rounding_bound(DType::f32, rows, 4));
      if (residual) CHECK(relative_error(fast.dresidual, exact.dresidual) == 0);
    }
  }
}

}  // namespace lanet::test
