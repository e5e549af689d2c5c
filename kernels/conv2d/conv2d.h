// 2-D convolution without bias: the operation in which a step spends most of its time.
//   y[b,i,j,o] = Σ over u, v, c of x[b, i·s + u − p, j·s + v − p, c] · w[o,u,v,c]
// with stride s and padding p; x is 0 outside the image. (docs/design.md, "Networks")
// Images are NHWC, weights OHWI. Its two gradients:
//   dx[b,h,w,c] = Σ over (i, j, u, v) with i·s + u − p = h, j·s + v − p = w, and o, of dy·w
//   dw[o,u,v,c] = Σ over b, i, j of dy[b,i,j,o] · x[b, i·s + u − p, j·s + v − p, c]
#pragma once

#include <memory>
#include <string>

#include "core/context.h"

namespace lanet {

/// One convolution: square kernel, no bias, the same stride and padding in both directions.
struct Conv2dShape {
  int64_t batch, height, width, in_channels, out_channels, kernel, stride, padding;
  DType dtype = DType::f32;

  int64_t out_height() const { return (height + 2 * padding - kernel) / stride + 1; }
  int64_t out_width() const { return (width + 2 * padding - kernel) / stride + 1; }
  Shape x() const { return {batch, height, width, in_channels}; }
  Shape weight() const { return {out_channels, kernel, kernel, in_channels}; }
  Shape y() const { return {batch, out_height(), out_width(), out_channels}; }
  /// Multiplications (each with its addition) of one pass; the three passes have equally many.
  double macs() const;
};

/// What a library prepares once for one convolution: primitives, layouts, scratch sizes. Made while
/// planning, used by every run. Move-only.
class Conv2dPlan {
 public:
  /// The forward pass is always prepared; the gradients where asked for.
  Conv2dPlan(Context& context, const Conv2dShape& shape, bool data_gradient, bool weight_gradient);
  ~Conv2dPlan();
  Conv2dPlan(Conv2dPlan&&) noexcept;
  Conv2dPlan& operator=(Conv2dPlan&&) noexcept;

  const Conv2dShape& shape() const;
  /// What the planner hands to context.reserve_workspace() before the first run.
  size_t workspace_bytes() const;
  /// The code behind each prepared pass, one line each, for benchmarks and reports.
  std::string description() const;

  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

enum class Conv2dPass { forward, backward_data, backward_weight };

/// Asks context.plans() to choose the engine of this pass by timing. Call it before any convolution
/// is planned. add: its result is added to what is there. Nothing where no engines are timed.
void request_conv2d_tuning(Context& context, const Conv2dShape& shape, Conv2dPass pass, bool add);

/// x: shape.x(), weight: shape.weight(), y: shape.y(), all of shape.dtype (f32, bf16, f64). Sums in
/// accumulate_dtype. Deterministic for a given number of threads. On CUDA tensors start at
/// multiples of 16 bytes.
struct Conv2dArgs {
  Tensor x;
  Tensor weight;
  Tensor y;
};
void conv2d(Context& context, Conv2dPlan& plan, const Conv2dArgs& args);

/// The plan was made with data_gradient. dy: shape.y(); dx: shape.x(), set or added to; all of
/// shape.dtype. With add in bf16 the sum is formed from the rounded gradient.
struct Conv2dBackwardDataArgs {
  Tensor dy;
  Tensor weight;
  Gradient dx;
};
void conv2d_backward_data(Context& context, Conv2dPlan& plan, const Conv2dBackwardDataArgs& args);

/// The plan was made with weight_gradient. dweight: shape.weight() in weight_gradient_dtype(), set
/// or added to. With add in bf16 the sum is formed from the rounded gradient.
struct Conv2dBackwardWeightArgs {
  Tensor x;
  Tensor dy;
  Gradient dweight;
};
void conv2d_backward_weight(Context& context, Conv2dPlan& plan,
                            const Conv2dBackwardWeightArgs& args);

/// For measuring: exactly the library call of one pass, without reordering weights. With `add` it
/// is the call that adds to a gradient, where the library has one (cuDNN). forward reads x and
/// writes y, backward_data reads y and writes x, backward_weight reads both. The weights are what
/// the workspace happens to hold, so results mean nothing. Where no library serves the pass, the
/// pass itself runs, on weights from the workspace: Winograd's algorithm with all its
/// transformations, of weights too, which are part of it.
struct Conv2dPrimitiveArgs {
  Tensor x;
  Tensor y;
  bool add = false;
};
void conv2d_primitive_only(Context& context, Conv2dPlan& plan, Conv2dPass pass,
                           const Conv2dPrimitiveArgs& args);

}  // namespace lanet
