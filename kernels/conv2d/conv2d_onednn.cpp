#ifdef LANET_HAVE_ONEDNN
#include "kernels/conv2d/conv2d_onednn.h"

#include "kernels/add.h"
#include "kernels/cpu_features.h"

namespace lanet {

namespace {

using memory = dnnl::memory;

/// Runs a piece of library calls; a status that is not success becomes an Error that names it.
template <typename F>
void call_library(const char* what, F&& f) {
  try {
    f();
  } catch (const dnnl::error& error) {
    throw Error(fmt::format("oneDNN: {}: {} (status {})", what, error.message,
                            static_cast<int>(error.status)));
  }
}

memory::data_type library_dtype(DType dtype) {
  return dtype == DType::bf16 ? memory::data_type::bf16 : memory::data_type::f32;
}

size_t aligned(size_t bytes) {
  return (bytes + 63) / 64 * 64;
}

/// In images of a few pixels the library's first choice for the forward pass reads the whole weight
/// once for each image: a third of the speed of its second choice (2x2 pixels, 512 channels). With
/// AMX the first choice is kept.
constexpr int64_t kFewPixels = 16;
void choose_implementation(dnnl::convolution_forward::primitive_desc& descriptor, int64_t pixels) {
  const std::string first = descriptor.impl_info_str();
  if (pixels > kFewPixels || !first.starts_with("brgconv:") || first.ends_with("amx")) return;
  if (!descriptor.next_impl()) return;
  if (std::string(descriptor.impl_info_str()).starts_with("jit")) return;
  while (first != descriptor.impl_info_str()) LANET_REQUIRE(descriptor.next_impl(), "{}", first);
}

}  // namespace

bool OnednnConv2d::serves(DType dtype) {
  return dtype == DType::f32 || (dtype == DType::bf16 && onednn_has_bf16());
}

OnednnConv2d::OnednnConv2d(const Conv2dShape& s, bool data_gradient, bool weight_gradient)
    : shape_(s), engine_(dnnl::engine::kind::cpu, 0), stream_(engine_) {
  call_library("preparing a convolution", [&] {
    const memory::data_type dtype = library_dtype(s.dtype);
    const auto direct = dnnl::algorithm::convolution_direct;
    const memory::desc x({s.batch, s.in_channels, s.height, s.width}, dtype,
                         memory::format_tag::nhwc);
    const memory::desc y({s.batch, s.out_channels, s.out_height(), s.out_width()}, dtype,
                         memory::format_tag::nhwc);
    const memory::dims weight_dims{s.out_channels, s.in_channels, s.kernel, s.kernel};
    const memory::desc weight(weight_dims, dtype, memory::format_tag::any);
    const memory::desc dweight(weight_dims, memory::data_type::f32, memory::format_tag::any);
    const memory::dims strides{s.stride, s.stride}, padding{s.padding, s.padding};
    dnnl::primitive_attr attributes;
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);

    dnnl::convolution_forward::primitive_desc forward(
        {dnnl::prop_kind::forward_training, direct, x, weight, y, strides, padding, padding},
        attributes, engine_);
    const dnnl::convolution_forward::primitive_desc hint = forward;
    choose_implementation(forward, s.out_height() * s.out_width());
    prepare(pass(Conv2dPass::forward), forward, x, forward.weights_desc(), y, Conv2dPass::forward);
    if (data_gradient) {
      const dnnl::convolution_backward_data::primitive_desc backward(
          {direct, x, weight, y, strides, padding, padding}, attributes, engine_, hint);
      prepare(pass(Conv2dPass::backward_data), backward, x, backward.weights_desc(), y,
              Conv2dPass::backward_data);
    }
    if (weight_gradient) {
      const dnnl::convolution_backward_weights::primitive_desc backward(
          {direct, x, dweight, y, strides, padding, padding}, attributes, engine_, hint);
      prepare(pass(Conv2dPass::backward_weight), backward, x, backward.diff_weights_desc(), y,
              Conv2dPass::backward_weight);
    }
  });
}

void OnednnConv2d::prepare(Pass& pass, const dnnl::primitive_desc& descriptor,
                           const memory::desc& x, const memory::desc& weights,
                           const memory::desc& y, Conv2dPass kind) {
  pass.primitive = dnnl::primitive(descriptor);
  pass.implementation = descriptor.impl_info_str();
  // Created without memory of their own.
  pass.x = memory(x, engine_, DNNL_MEMORY_NONE);
  pass.y = memory(y, engine_, DNNL_MEMORY_NONE);
  pass.weights = memory(weights, engine_, DNNL_MEMORY_NONE);
  pass.scratchpad = memory(descriptor.scratchpad_desc(), engine_, DNNL_MEMORY_NONE);
  const memory::desc plain(weights.dims(), weights.data_type(), memory::format_tag::ohwi);
  pass.plain_weights = memory(plain, engine_, DNNL_MEMORY_NONE);

  pass.scratchpad_offset = aligned(weights.get_size());
  pass.addend_offset = aligned(pass.scratchpad_offset + descriptor.scratchpad_desc().get_size());
  pass.workspace_bytes = pass.addend_offset;
  if (kind == Conv2dPass::backward_data) pass.workspace_bytes += aligned(x.get_size());

  using Reorder = dnnl::reorder::primitive_desc;
  if (kind == Conv2dPass::backward_weight) {
    dnnl::post_ops sum;
    sum.append_sum();
    dnnl::primitive_attr adding;
    adding.set_post_ops(sum);
    pass.reorder = dnnl::reorder(Reorder(engine_, weights, engine_, plain));
    pass.reorder_add = dnnl::reorder(Reorder(engine_, weights, engine_, plain, adding));
    pass.arguments = {
        {DNNL_ARG_SRC, pass.x}, {DNNL_ARG_DIFF_WEIGHTS, pass.weights}, {DNNL_ARG_DIFF_DST, pass.y}};
  } else {
    const bool forward = kind == Conv2dPass::forward;
    pass.reorder = dnnl::reorder(Reorder(engine_, plain, engine_, weights));
    pass.arguments = {{forward ? DNNL_ARG_SRC : DNNL_ARG_DIFF_SRC, pass.x},
                      {DNNL_ARG_WEIGHTS, pass.weights},
                      {forward ? DNNL_ARG_DST : DNNL_ARG_DIFF_DST, pass.y}};
  }
  pass.arguments.insert({DNNL_ARG_SCRATCHPAD, pass.scratchpad});
}

size_t OnednnConv2d::workspace_bytes() const {
  size_t bytes = 0;
  for (const Pass& p : passes_) bytes = std::max(bytes, p.workspace_bytes);
  return bytes;
}

std::string OnednnConv2d::description() const {
  static constexpr const char* kNames[] = {"forward", "backward_data", "backward_weight"};
  std::string text;
  for (int i = 0; i < 3; ++i) {
    if (!passes_[i].primitive) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : "\n", kNames[i], passes_[i].implementation);
  }
  return text;
}

void OnednnConv2d::Pass::bind(Context& context, const Tensor& x_data, const Tensor& y_data) {
  auto* workspace = static_cast<std::byte*>(context.workspace(workspace_bytes));
  x.set_data_handle(x_data.data);
  y.set_data_handle(y_data.data);
  weights.set_data_handle(workspace);
  scratchpad.set_data_handle(workspace + scratchpad_offset);
}

void OnednnConv2d::forward(Context& context, const Conv2dArgs& args) {
  call_library("convolution", [&] {
    Pass& p = pass(Conv2dPass::forward);
    p.bind(context, args.x, args.y);
    p.plain_weights.set_data_handle(args.weight.data);
    p.reorder.execute(stream_, p.plain_weights, p.weights);
    p.primitive.execute(stream_, p.arguments);
  });
}

void OnednnConv2d::backward_data(Context& context, const Conv2dBackwardDataArgs& args) {
  call_library("convolution's data gradient", [&] {
    Pass& p = pass(Conv2dPass::backward_data);
    Tensor dx = args.dx.tensor;
    if (args.dx.add)
      dx.data = static_cast<std::byte*>(context.workspace(p.workspace_bytes)) + p.addend_offset;
    p.bind(context, dx, args.dy);
    p.plain_weights.set_data_handle(args.weight.data);
    p.reorder.execute(stream_, p.plain_weights, p.weights);
    p.primitive.execute(stream_, p.arguments);
    if (args.dx.add) add(context, {.a = args.dx.tensor, .b = dx, .y = args.dx.tensor});
  });
}

void OnednnConv2d::backward_weight(Context& context, const Conv2dBackwardWeightArgs& args) {
  call_library("convolution's weight gradient", [&] {
    Pass& p = pass(Conv2dPass::backward_weight);
    p.bind(context, args.x, args.dy);
    p.plain_weights.set_data_handle(args.dweight.tensor.data);
    p.primitive.execute(stream_, p.arguments);
    (args.dweight.add ? p.reorder_add : p.reorder).execute(stream_, p.weights, p.plain_weights);
  });
}

void OnednnConv2d::primitive_only(Context& context, Conv2dPass kind,
                                  const Conv2dPrimitiveArgs& args) {
  call_library("convolution alone", [&] {
    Pass& p = pass(kind);
    p.bind(context, args.x, args.y);
    p.primitive.execute(stream_, p.arguments);
  });
}

}  // namespace lanet
#endif
