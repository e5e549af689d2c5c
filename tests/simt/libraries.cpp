// What the CUDA libraries compute, on a device that is host memory: the definitions in their place.
// Linked instead of core/cuda/libraries.cpp and kernels/cuda/.
#include "kernels/conv2d/conv2d_cuda.h"
#include "kernels/gemm_ref.h"
#include "tests/simt/checker.h"
#include "tests/simt/device.h"

namespace lanet {

namespace {
/// Exact convolutions of more are not run by their kernels, one fibre a thread, but by the CPU.
constexpr double kMostMacs = 5e6;
}  // namespace

void gemm_cuda(Context&, const GemmArgs& args) {
  simt::note_launch();
  const simt::DeviceOpen open;
  gemm_ref(args);
  for (int64_t row = 0; row < args.m; ++row) {
    const Tensor begin = offset(args.c, row * args.ldc);
    simt::checker::host_wrote(begin.data, args.n * size_of(args.c.dtype));
  }
}

void request_conv2d_tuning_cuda(Context&, const Conv2dShape&, Conv2dPass, bool) {}  // one engine

struct CudaConv2d::Impl {
  Context cpu;
  Conv2dPlan plan;
  bool by_kernels;

  Impl(Context& context, const Conv2dShape& shape, bool data_gradient, bool weight_gradient)
      : plan(like(context), shape, data_gradient, weight_gradient),
        by_kernels((context.exact_products() || shape.dtype == DType::f64) &&
                   shape.dtype != DType::bf16 && shape.macs() < kMostMacs) {
    cpu.reserve_workspace(plan.workspace_bytes());
  }
  Context& like(const Context& context) {
    cpu.set_exact_products(context.exact_products());
    return cpu;
  }
  static void wrote(const Tensor& tensor) {
    simt::checker::host_wrote(tensor.data, tensor.bytes());
  }
};

CudaConv2d::CudaConv2d(Context& context, const Conv2dShape& shape, bool data_gradient,
                       bool weight_gradient)
    : impl_(std::make_unique<Impl>(context, shape, data_gradient, weight_gradient)) {}
CudaConv2d::~CudaConv2d() = default;

size_t CudaConv2d::workspace_bytes() const {
  return 0;
}
std::string CudaConv2d::description() const {
  return "the CPU in the place of cuDNN: " + impl_->plan.description();
}

void CudaConv2d::forward(Context& context, const Conv2dArgs& args) {
  if (impl_->by_kernels) return conv2d_exact_cuda(context, impl_->plan.shape(), args);
  simt::note_launch();
  const simt::DeviceOpen open;
  conv2d(impl_->cpu, impl_->plan, args);
  Impl::wrote(args.y);
}
void CudaConv2d::backward_data(Context& context, const Conv2dBackwardDataArgs& args) {
  if (impl_->by_kernels) return conv2d_exact_backward_data_cuda(context, impl_->plan.shape(), args);
  simt::note_launch();
  const simt::DeviceOpen open;
  conv2d_backward_data(impl_->cpu, impl_->plan, args);
  Impl::wrote(args.dx.tensor);
}
void CudaConv2d::backward_weight(Context& context, const Conv2dBackwardWeightArgs& args) {
  if (impl_->by_kernels)
    return conv2d_exact_backward_weight_cuda(context, impl_->plan.shape(), args);
  simt::note_launch();
  const simt::DeviceOpen open;
  const Tensor& dweight = args.dweight.tensor;
  if (dweight.dtype == DType::bf16) {  // as cuDNN writes it
    std::vector<float> sums(dweight.elements());
    const Tensor wide{sums.data(), dweight.shape, DType::f32};
    conv2d_backward_weight(impl_->cpu, impl_->plan,
                           {.x = args.x, .dy = args.dy, .dweight = {wide}});
    for (int64_t i = 0; i < dweight.elements(); ++i)
      write_gradient(dweight.as<bfloat16>()[i], float(bfloat16(sums[i])), args.dweight.add);
  } else {
    conv2d_backward_weight(impl_->cpu, impl_->plan, args);
  }
  Impl::wrote(dweight);
}
void CudaConv2d::primitive_only(Context&, Conv2dPass pass, const Conv2dPrimitiveArgs& args) {
  simt::note_launch();
  const simt::DeviceOpen open;
  conv2d_primitive_only(impl_->cpu, impl_->plan, pass, args);
}

}  // namespace lanet
