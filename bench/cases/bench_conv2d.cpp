#include "bench/cases/conv2d_layers.h"
#include "core/operation.h"
#include "kernels/conv2d/conv2d_onednn.h"

namespace lanet::bench {

namespace {

using LibraryCall = std::function<void(Conv2dPass pass, const Conv2dPrimitiveArgs& images)>;

/// cuDNN's or oneDNN's convolution as it is, without reordering weights; null if neither serves.
LibraryCall make_library_call(Context& context, Conv2dPlan& plan) {
  if (context.device() == Device::cuda)
    return [&](Conv2dPass pass, const Conv2dPrimitiveArgs& images) {
      conv2d_primitive_only(context, plan, pass, images);
    };
  if (OnednnConv2d::serves(plan.shape().dtype)) {
    auto onednn = std::make_shared<OnednnConv2d>(plan.shape(), true, true);
    context.reserve_workspace(onednn->workspace_bytes());
    return [&context, onednn](Conv2dPass pass, const Conv2dPrimitiveArgs& images) {
      onednn->primitive_only(context, pass, images);
    };
  }
  return nullptr;
}

/// Under a name of its own, as an operation that reads and writes the images once.
void call_library(Context& context, const Conv2dShape& s, const LibraryCall& call, Conv2dPass pass,
                  const char* name, const Conv2dPrimitiveArgs& images) {
  const Operation operation(
      context, name,
      {.bytes = bytes_of({images.x, images.y}) +
                static_cast<double>(s.weight().elements()) * static_cast<double>(size_of(s.dtype)),
       .flops = 2 * s.macs(),
       .product = s.dtype});
  if (operation.runs()) call(pass, images);
}

void run(Context& context, const Sizes& sizes, DType dtype, const Measure& measure) {
  const Conv2dShape s = conv2d_shape(sizes, dtype);
  Conv2dPlan plan(context, s, /*data_gradient=*/true, /*weight_gradient=*/true);
  context.reserve_workspace(plan.workspace_bytes());
  const Conv2dTensors t(s, dtype, context.device(), /*adds=*/false, context);
  const LibraryCall call = make_library_call(context, plan);
  auto library = [&](Conv2dPass pass, const char* name, const Conv2dPrimitiveArgs& images) {
    if (call) measure([&] { call_library(context, s, call, pass, name, images); });
  };
  measure([&] { conv2d(context, plan, t.forward()); });
  library(Conv2dPass::forward, "conv2d_library", {.x = t.x, .y = t.y});
  measure([&] { conv2d_backward_data(context, plan, t.backward_data()); });
  library(Conv2dPass::backward_data, "conv2d_library_backward_data", {.x = t.dx, .y = t.dy});
  measure([&] { conv2d_backward_weight(context, plan, t.backward_weight()); });
  library(Conv2dPass::backward_weight, "conv2d_library_backward_weight", {.x = t.x, .y = t.dy});
}

}  // namespace

static const Registration conv2d_bench{{.axes = kConv2dAxes,
                                        .sizes = conv2d_layers(),
                                        .dtypes = {DType::f32, DType::bf16},
                                        .images = true,
                                        .last_may_be_zero = true,
                                        .run = run}};

}  // namespace lanet::bench
