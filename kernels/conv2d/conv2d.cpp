#include "kernels/conv2d/conv2d.h"

#include <atomic>

#include "core/standard_streams.h"
#include "kernels/conv2d/conv2d_cuda.h"
#include "kernels/conv2d/conv2d_onednn.h"
#include "kernels/conv2d/conv2d_pixels.h"
#include "kernels/conv2d/conv2d_ref.h"
#include "kernels/conv2d/conv2d_winograd.h"
#include "kernels/cpu_features.h"
#include "kernels/dispatch.h"

namespace lanet {

struct Conv2dPlan::Impl {
  Conv2dShape shape;
  bool data_gradient, weight_gradient;
  bool exact_products;
  const Conv2dPasses* passes = nullptr;       // null: none of our own serves
  size_t passes_bytes = 0;                    // of workspace
  std::unique_ptr<OnednnConv2d> onednn = {};  // absent, and without passes: the reference runs
  std::unique_ptr<CudaConv2d> cuda = {};      // absent on the CPU

  /// Calls f with the element type and the type of sums of the definition.
  template <typename F>
  void dispatch_reference(F&& f) const {
    if (exact_products)
      f.template operator()<float, double>();
    else
      dispatch_float(shape.dtype,
                     [&]<typename T>() { f.template operator()<T, accumulate_t<T>>(); });
  }
};

namespace {

/// Where no library serves, conv2d_primitive_only() takes as many weights from the workspace.
size_t unread_weight_bytes(const Conv2dShape& s) {
  return s.weight().elements() * size_of(accumulate_dtype(s.dtype));
}

/// What one pass costs; multiplications as in the definition, whatever the algorithm saves.
/// `result` is the gradient that it writes; forward it is y, set.
/// On the CPU libraries reorder weights on their way in or out, and make a gradient of x that is
/// added to apart; on CUDA a bf16 weight's gradient is.
Cost cost_of(const Context& context, const Conv2dPlan::Impl& plan, Conv2dPass pass,
             const Gradient& result, std::initializer_list<Tensor> read) {
  const Conv2dShape& s = plan.shape;
  Cost cost{
      .bytes = bytes_of(read) + bytes_of({result}), .flops = 2 * s.macs(), .product = s.dtype};
  const double weight = static_cast<double>(s.weight().elements());
  const double stored = weight * static_cast<double>(size_of(s.dtype));
  if (plan.passes) return cost;
  if (context.device() == Device::cpu) {
    ++cost.launches;
    const bool gradient = pass == Conv2dPass::backward_weight;
    cost.bytes +=
        2 * (gradient ? weight * static_cast<double>(size_of(accumulate_dtype(s.dtype))) : stored);
    if (pass == Conv2dPass::backward_data && result.add) {
      ++cost.launches;
      cost.bytes += 2 * bytes_of({result.tensor});
    }
  } else if (pass == Conv2dPass::backward_weight && s.dtype == DType::bf16 && result.add) {
    ++cost.launches;
    cost.bytes += 2 * stored;
  }
  return cost;
}

/// The algorithm of our own that computes this convolution on the CPU and pays, or null. The
/// products of pixels need a library's product.
const Conv2dPasses* passes_for(const Conv2dShape& s) {
  if (pixels_serve(s) && OnednnConv2d::serves(s.dtype)) return &kPixelPasses;
  return winograd_serves(s) ? winograd_passes() : nullptr;
}

void warn_once_of_slow_bf16() {
  static std::atomic_flag warned;
  if (onednn_info().built_in && !warned.test_and_set())
    write_error(
        "warning: oneDNN has no bf16 convolution on this processor (it needs AVX-512); the slow "
        "reference runs instead, and f32 is faster\n");
}

}  // namespace

double Conv2dShape::macs() const {
  return static_cast<double>(y().elements()) * static_cast<double>(kernel * kernel * in_channels);
}

Conv2dPlan::Conv2dPlan(Context& context, const Conv2dShape& s, bool data_gradient,
                       bool weight_gradient) {
  LANET_REQUIRE(s.batch > 0 && s.in_channels > 0 && s.out_channels > 0 && s.kernel > 0 &&
                    s.stride > 0 && s.padding >= 0 && s.padding < s.kernel &&
                    s.height + 2 * s.padding >= s.kernel && s.width + 2 * s.padding >= s.kernel,
                "a convolution of {} by {}, stride {}, padding {}", s.x(), s.weight(), s.stride,
                s.padding);
  const bool exact = s.dtype == DType::f32 && context.exact_products();
  impl_ = std::make_unique<Impl>(Impl{s, data_gradient, weight_gradient, exact});
  if (context.device() == Device::cpu && !exact) impl_->passes = passes_for(s);
  if (impl_->passes) {
    impl_->passes_bytes = impl_->passes->workspace_bytes(s, context.threads());
    return;
  }
  if (context.counts_only()) return;
  if (context.device() == Device::cuda)
    impl_->cuda = std::make_unique<CudaConv2d>(context, s, data_gradient, weight_gradient);
  else if (OnednnConv2d::serves(s.dtype) && !exact)
    impl_->onednn = std::make_unique<OnednnConv2d>(s, data_gradient, weight_gradient);
  else if (s.dtype == DType::bf16)
    warn_once_of_slow_bf16();
}
Conv2dPlan::~Conv2dPlan() = default;
Conv2dPlan::Conv2dPlan(Conv2dPlan&&) noexcept = default;
Conv2dPlan& Conv2dPlan::operator=(Conv2dPlan&&) noexcept = default;

const Conv2dShape& Conv2dPlan::shape() const {
  return impl_->shape;
}

size_t Conv2dPlan::workspace_bytes() const {
  if (impl_->cuda) return impl_->cuda->workspace_bytes();
  if (impl_->onednn) return impl_->onednn->workspace_bytes();
  return impl_->passes_bytes + unread_weight_bytes(impl_->shape);
}

std::string Conv2dPlan::description() const {
  if (impl_->cuda) return impl_->cuda->description();
  if (impl_->onednn) return impl_->onednn->description();
  return impl_->passes ? impl_->passes->name : "reference";
}

void request_conv2d_tuning(Context& context, const Conv2dShape& shape, Conv2dPass pass, bool add) {
  if (context.device() == Device::cuda && context.plans())
    request_conv2d_tuning_cuda(context, shape, pass, add);
}

void conv2d(Context& context, Conv2dPlan& plan, const Conv2dArgs& args) {
  const Conv2dShape& s = plan.shape();
  require_tensor(args.x, s.x(), s.dtype, "x");
  require_tensor(args.weight, s.weight(), s.dtype, "weight");
  require_tensor(args.y, s.y(), s.dtype, "y");
  run_operation(
      context, "conv2d",
      cost_of(context, plan.impl(), Conv2dPass::forward, {args.y}, {args.x, args.weight}),
      [&] { plan.impl().cuda->forward(context, args); },
      [&] {
        if (const auto* passes = plan.impl().passes) return passes->forward(context, s, args);
        if (plan.impl().onednn) return plan.impl().onednn->forward(context, args);
        plan.impl().dispatch_reference(
            [&]<typename T, typename A>() { conv2d_ref<T, A>(s, args); });
      });
}

void conv2d_backward_data(Context& context, Conv2dPlan& plan, const Conv2dBackwardDataArgs& args) {
  const Conv2dShape& s = plan.shape();
  LANET_REQUIRE(plan.impl().data_gradient, "the plan was made without the data gradient");
  require_tensor(args.dy, s.y(), s.dtype, "dy");
  require_tensor(args.weight, s.weight(), s.dtype, "weight");
  require_tensor(args.dx.tensor, s.x(), s.dtype, "dx");
  run_operation(
      context, "conv2d_backward_data",
      cost_of(context, plan.impl(), Conv2dPass::backward_data, args.dx, {args.dy, args.weight}),
      [&] { plan.impl().cuda->backward_data(context, args); },
      [&] {
        if (const auto* passes = plan.impl().passes) return passes->backward_data(context, s, args);
        if (plan.impl().onednn) return plan.impl().onednn->backward_data(context, args);
        plan.impl().dispatch_reference(
            [&]<typename T, typename A>() { conv2d_backward_data_ref<T, A>(s, args); });
      });
}

void conv2d_backward_weight(Context& context, Conv2dPlan& plan,
                            const Conv2dBackwardWeightArgs& args) {
  const Conv2dShape& s = plan.shape();
  LANET_REQUIRE(plan.impl().weight_gradient, "the plan was made without the weight gradient");
  require_tensor(args.x, s.x(), s.dtype, "x");
  require_tensor(args.dy, s.y(), s.dtype, "dy");
  require_tensor(args.dweight.tensor, s.weight(), weight_gradient_dtype(context.device(), s.dtype),
                 "dweight");
  run_operation(
      context, "conv2d_backward_weight",
      cost_of(context, plan.impl(), Conv2dPass::backward_weight, args.dweight, {args.x, args.dy}),
      [&] { plan.impl().cuda->backward_weight(context, args); },
      [&] {
        if (const auto* passes = plan.impl().passes)
          return passes->backward_weight(context, s, args);
        if (plan.impl().onednn) return plan.impl().onednn->backward_weight(context, args);
        plan.impl().dispatch_reference(
            [&]<typename T, typename A>() { conv2d_backward_weight_ref<T, A>(s, args); });
      });
}

void conv2d_primitive_only(Context& context, Conv2dPlan& plan, Conv2dPass pass,
                           const Conv2dPrimitiveArgs& args) {
  const Conv2dShape& s = plan.shape();
  LANET_REQUIRE(pass != Conv2dPass::backward_data || plan.impl().data_gradient,
                "the plan was made without the data gradient");
  LANET_REQUIRE(pass != Conv2dPass::backward_weight || plan.impl().weight_gradient,
                "the plan was made without the weight gradient");
  require_tensor(args.x, s.x(), s.dtype, "x");
  require_tensor(args.y, s.y(), s.dtype, "y");
  if (plan.impl().cuda) return plan.impl().cuda->primitive_only(context, pass, args);
  if (plan.impl().onednn) return plan.impl().onednn->primitive_only(context, pass, args);
  auto* workspace = static_cast<std::byte*>(context.workspace(plan.workspace_bytes()));
  const Tensor weight{workspace + plan.impl().passes_bytes, s.weight(), s.dtype};
  const Tensor dweight{weight.data, s.weight(), accumulate_dtype(s.dtype)};
  if (pass == Conv2dPass::forward)
    conv2d(context, plan, {.x = args.x, .weight = weight, .y = args.y});
  else if (pass == Conv2dPass::backward_data)
    conv2d_backward_data(context, plan, {.dy = args.y, .weight = weight, .dx = {args.x}});
  else
    conv2d_backward_weight(context, plan, {.x = args.x, .dy = args.y, .dweight = {dweight}});
}

}  // namespace lanet
