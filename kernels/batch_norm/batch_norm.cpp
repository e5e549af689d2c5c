#include "kernels/batch_norm/batch_norm.h"

#include <algorithm>

#include "kernels/batch_norm/batch_norm_ref.h"
#include "kernels/checks.h"
#include "kernels/cpu_operations.h"
#include "kernels/cuda_operations.h"
#include "kernels/dispatch.h"

namespace lanet {

namespace {

/// Requires a vector over the channels of x, in its accumulate_dtype.
void require_per_channel(const Tensor& tensor, const Tensor& x, const char* name) {
  require_tensor(tensor, {x.shape.back()}, accumulate_dtype(x.dtype), name);
}

/// Requires what every pass reads of an image that is normalised.
template <typename Image>
void require_normalised(const Image& image, const Tensor& x) {
  require_tensor(image.x, x.shape, x.dtype, "x");
  require_per_channel(image.mean, x, "mean");
  require_per_channel(image.inv_std, x, "inv_std");
}

template <typename Image>
void require_affine(const Image& image, const Tensor& x) {
  require_per_channel(image.weight, x, "weight");
  require_per_channel(image.bias, x, "bias");
}

void require_image(const Tensor& x) {
  LANET_REQUIRE(x && x.shape.rank() >= 2 && x.elements() > 0, "x is {}", x.shape);
  LANET_REQUIRE(x.dtype == DType::f32 || x.dtype == DType::bf16 || x.dtype == DType::f64,
                "x is {}; expected f32, bf16 or f64", x.dtype);
}

template <typename Args>
void require_group(std::span<const Args> group) {
  LANET_REQUIRE(!group.empty() && group.size() <= kMaxBatchNorms, "a group of {}; expected 1 to {}",
                group.size(), kMaxBatchNorms);
  require_image(group[0].x);
  for (const Args& args : group) require_tensor(args.x, group[0].x.shape, group[0].x.dtype, "x");
}

/// Requires what both backward passes read, and that the whole group finds its y in one way.
template <typename Args>
void require_backward(std::span<const Args> group) {
  require_group(group);
  for (const Args& args : group) {
    require_normalised(args, args.x);
    require_tensor(args.dy, args.x.shape, args.x.dtype, "dy");
    if (args.second.x) require_normalised(args.second, args.x);
    if (batch_norm_finds_y(args)) {
      require_affine(args, args.x);
      if (args.second.x) require_affine(args.second, args.x);
    } else if (args.relu) {
      require_tensor(args.y, args.x.shape, args.x.dtype, "y");
    }
    LANET_REQUIRE(bool(args.second.x) == bool(group[0].second.x) &&
                      batch_norm_finds_y(args) == batch_norm_finds_y(group[0]),
                  "a group whose members differ in their second term or in how they find y");
    require_per_channel(args.sum_dy, args.x, "sum_dy");
    require_per_channel(args.sum_dy_xhat, args.x, "sum_dy_xhat");
    if (args.second.x) require_per_channel(args.second.sum_dy_xhat, args.x, "sum_dy_xhat");
  }
}

/// The traffic of reading what a backward pass reads of one member.
template <typename Args>
double backward_bytes(const Args& args) {
  return bytes_of({args.x, args.second.x, args.dy}) +
         (args.relu && !batch_norm_finds_y(args) ? bytes_of({args.y}) : 0);
}

/// The cost of a group: `cost(member)` each, and the launches of one.
template <typename Args, typename F>
Cost cost_of(std::span<const Args> group, int launches, F&& cost) {
  Cost total{.launches = launches};
  for (const Args& args : group) {
    const Cost one = cost(args);
    total.bytes += one.bytes;
    total.flops += one.flops;
  }
  return total;
}

}  // namespace

size_t batch_norm_workspace_bytes(const Shape& x, int count) {
  // The CPU takes one after the other.
  return std::max(batch_norm_cpu_workspace_bytes(x), batch_norm_cuda_workspace_bytes(x, count));
}

void batch_norm_statistics(Context& context, std::span<const BatchNormStatisticsArgs> group) {
  require_group(group);
  for (const auto& args : group) {
    require_normalised(args, args.x);
    LANET_REQUIRE(bool(args.running_mean) == bool(args.running_var),
                  "one of running_mean and running_var is absent");
    if (args.running_mean) {
      require_per_channel(args.running_mean, args.x, "running_mean");
      require_per_channel(args.running_var, args.x, "running_var");
    }
  }
  run_operation(
      context, "batch_norm_statistics",
      cost_of(group, 2,
              [](const auto& a) {
                return Cost{.bytes = bytes_of({a.x}),
                            .flops = 5 * static_cast<double>(a.x.elements())};
              }),
      [&] { batch_norm_statistics_cuda(context, group); },
      [&] {
        for (const auto& args : group) {
          dispatch_fast(
              args.x.dtype, [&] { batch_norm_statistics_ref<double>(args); },
              [&] { batch_norm_statistics_cpu(context, args); });
        }
      });
}

void batch_norm_apply(Context& context, std::span<const BatchNormApplyArgs> group) {
  require_group(group);
  for (const auto& args : group) {
    require_normalised(args, args.x);
    require_affine(args, args.x);
    if (args.residual) require_tensor(args.residual, args.x.shape, args.x.dtype, "residual");
    if (args.second.x) {
      require_normalised(args.second, args.x);
      require_affine(args.second, args.x);
    }
    LANET_REQUIRE(!args.residual || !args.second.x, "both a residual and a second term");
    LANET_REQUIRE(bool(args.second.x) == bool(group[0].second.x),
                  "a group whose members differ in their second term");
    require_tensor(args.y, args.x.shape, args.x.dtype, "y");
    LANET_REQUIRE(args.y.data != args.x.data && args.y.data != args.residual.data &&
                      args.y.data != args.second.x.data,
                  "y is written over what is read");
  }
  run_operation(
      context, "batch_norm_apply",
      cost_of(group, 1,
              [](const auto& a) {
                const double flops = a.second.x ? 6 : a.residual ? 4 : 3;
                return Cost{.bytes = bytes_of({a.x, a.residual, a.second.x, a.y}),
                            .flops = flops * static_cast<double>(a.x.elements())};
              }),
      [&] { batch_norm_apply_cuda(context, group); },
      [&] {
        for (const auto& args : group) {
          dispatch_fast(
              args.x.dtype, [&] { batch_norm_apply_ref<double>(args); },
              [&] { batch_norm_apply_cpu(args); });
        }
      });
}

void batch_norm_inference(Context& context, const BatchNormInferenceArgs& args) {
  require_image(args.x);
  require_per_channel(args.running_mean, args.x, "running_mean");
  require_per_channel(args.running_var, args.x, "running_var");
  require_affine(args, args.x);
  if (args.residual) require_tensor(args.residual, args.x.shape, args.x.dtype, "residual");
  require_tensor(args.y, args.x.shape, args.x.dtype, "y");
  LANET_REQUIRE(args.y.data != args.x.data && args.y.data != args.residual.data,
                "y is written over what is read");
  run_operation(
      context, "batch_norm_inference",
      {.bytes = bytes_of({args.x, args.residual, args.y}),
       .flops = (args.residual ? 4 : 3) * static_cast<double>(args.x.elements())},
      [&] { batch_norm_inference_cuda(context, args); },
      [&] {
        dispatch_fast(
            args.x.dtype, [&] { batch_norm_inference_ref<double>(args); },
            [&] { batch_norm_inference_cpu(args); });
      });
}

void batch_norm_backward_reduce(Context& context,
                                std::span<const BatchNormBackwardReduceArgs> group) {
  require_backward(group);
  for (const auto& args : group) {
    const Shape channels{args.x.shape.back()};
    const DType wide = accumulate_dtype(args.x.dtype);
    require_gradient(args.dweight, channels, wide, "dweight");
    require_gradient(args.dbias, channels, wide, "dbias");
    require_gradient(args.second.dweight, channels, wide, "dweight");
    require_gradient(args.second.dbias, channels, wide, "dbias");
  }
  run_operation(
      context, "batch_norm_backward_reduce",
      cost_of(group, 2,
              [](const auto& a) {
                return Cost{.bytes = backward_bytes(a),
                            .flops = (a.second.x ? 6 : 4) * static_cast<double>(a.x.elements())};
              }),
      [&] { batch_norm_backward_reduce_cuda(context, group); },
      [&] {
        for (const auto& args : group) {
          dispatch_fast(
              args.x.dtype, [&] { batch_norm_backward_reduce_ref<double>(args); },
              [&] { batch_norm_backward_reduce_cpu(context, args); });
        }
      });
}

void batch_norm_backward_apply(Context& context,
                               std::span<const BatchNormBackwardApplyArgs> group) {
  require_backward(group);
  for (const auto& args : group) {
    require_per_channel(args.weight, args.x, "weight");
    if (args.second.x) require_per_channel(args.second.weight, args.x, "weight");
    require_gradient(args.dx, args.x.shape, args.x.dtype, "dx");
    require_gradient(args.second.dx, args.x.shape, args.x.dtype, "dx");
    require_gradient(args.dresidual, args.x.shape, args.x.dtype, "dresidual");
    LANET_REQUIRE(!args.dresidual || !batch_norm_finds_y(args),
                  "dresidual where y is found anew without the residual");
  }
  run_operation(
      context, "batch_norm_backward_apply",
      cost_of(group, 1,
              [](const auto& a) {
                return Cost{.bytes = backward_bytes(a) + bytes_of({a.dx, a.second.dx, a.dresidual}),
                            .flops = (a.second.x ? 11 : 6) * static_cast<double>(a.x.elements())};
              }),
      [&] { batch_norm_backward_apply_cuda(context, group); },
      [&] {
        for (const auto& args : group) {
          dispatch_fast(
              args.x.dtype, [&] { batch_norm_backward_apply_ref<double>(args); },
              [&] { batch_norm_backward_apply_cpu(args); });
        }
      });
}

}  // namespace lanet
