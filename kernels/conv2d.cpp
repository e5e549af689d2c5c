#include "kernels/conv2d.h"

#include "kernels/conv2d_ref.h"
#include "kernels/dispatch.h"

namespace lanet {

struct Conv2dPlan::Impl {
  Conv2dShape shape;
  bool data_gradient, weight_gradient;
};

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
  require_cpu(context, "conv2d");
  impl_ = std::make_unique<Impl>(Impl{s, data_gradient, weight_gradient});
}
Conv2dPlan::~Conv2dPlan() = default;
Conv2dPlan::Conv2dPlan(Conv2dPlan&&) noexcept = default;
Conv2dPlan& Conv2dPlan::operator=(Conv2dPlan&&) noexcept = default;

const Conv2dShape& Conv2dPlan::shape() const {
  return impl_->shape;
}

size_t Conv2dPlan::workspace_bytes() const {
  return 0;
}

std::string Conv2dPlan::description() const {
  return "reference";
}

void conv2d(Context& context, Conv2dPlan& plan, const Conv2dArgs& args) {
  const Conv2dShape& s = plan.shape();
  require_tensor(args.x, s.x(), s.dtype, "x");
  require_tensor(args.weight, s.weight(), s.dtype, "weight");
  require_tensor(args.y, s.y(), s.dtype, "y");
  require_cpu(context, "conv2d");
  dispatch_float(s.dtype, [&]<typename T>() { conv2d_ref<T>(s, args); });
}

void conv2d_backward_data(Context& context, Conv2dPlan& plan, const Conv2dBackwardDataArgs& args) {
  const Conv2dShape& s = plan.shape();
  LANET_REQUIRE(plan.impl().data_gradient, "the plan was made without the data gradient");
  require_tensor(args.dy, s.y(), s.dtype, "dy");
  require_tensor(args.weight, s.weight(), s.dtype, "weight");
  require_tensor(args.dx.tensor, s.x(), s.dtype, "dx");
  require_cpu(context, "conv2d_backward_data");
  dispatch_float(s.dtype, [&]<typename T>() { conv2d_backward_data_ref<T>(s, args); });
}

void conv2d_backward_weight(Context& context, Conv2dPlan& plan,
                            const Conv2dBackwardWeightArgs& args) {
  const Conv2dShape& s = plan.shape();
  LANET_REQUIRE(plan.impl().weight_gradient, "the plan was made without the weight gradient");
  require_tensor(args.x, s.x(), s.dtype, "x");
  require_tensor(args.dy, s.y(), s.dtype, "dy");
  require_tensor(args.dweight.tensor, s.weight(), accumulate_dtype(s.dtype), "dweight");
  require_cpu(context, "conv2d_backward_weight");
  dispatch_float(s.dtype, [&]<typename T>() { conv2d_backward_weight_ref<T>(s, args); });
}

}  // namespace lanet
