#include "kernels/conv2d/conv2d_onednn.h"

#include <oneapi/dnnl/dnnl.hpp>
#include <unordered_map>

#include "core/round_up.h"
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

constexpr size_t kAlignment = 64;  // of what lies in the workspace

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

/// One pass: the primitive, and memory objects that each call points at its data.
/// In the workspace: [weights in the library's layout][scratchpad][image to be added].
struct Pass {
  dnnl::primitive primitive;
  memory x, weights, y, scratchpad, plain_weights;  // gradients in backward passes
  dnnl::reorder reorder, reorder_add;               // between weights and plain_weights
  std::unordered_map<int, memory> arguments;
  size_t scratchpad_offset = 0, addend_offset = 0, workspace_bytes = 0;
  std::string implementation;

  /// Points the memory objects at these images and at the workspace.
  void bind(Context& context, const Tensor& x_data, const Tensor& y_data) {
    auto* workspace = static_cast<std::byte*>(context.workspace(workspace_bytes));
    x.set_data_handle(x_data.data);
    y.set_data_handle(y_data.data);
    weights.set_data_handle(workspace);
    scratchpad.set_data_handle(workspace + scratchpad_offset);
  }
};

}  // namespace

struct OnednnConv2d::Impl {
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
  Pass passes[3];

  Pass& pass(Conv2dPass kind) { return passes[static_cast<int>(kind)]; }
  void prepare(Conv2dPass kind, const dnnl::primitive_desc& descriptor, const memory::desc& x,
               const memory::desc& weights, const memory::desc& y);
};

bool OnednnConv2d::serves(DType dtype) {
  return dtype == DType::f32 || (dtype == DType::bf16 && onednn_has_bf16());
}

OnednnConv2d::OnednnConv2d(const Conv2dShape& s, bool data_gradient, bool weight_gradient)
    : impl_(std::make_unique<Impl>()) {
  const dnnl::engine& engine = impl_->engine;
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
        attributes, engine);
    const dnnl::convolution_forward::primitive_desc hint = forward;
    choose_implementation(forward, s.out_height() * s.out_width());
    impl_->prepare(Conv2dPass::forward, forward, x, forward.weights_desc(), y);
    if (data_gradient) {
      const dnnl::convolution_backward_data::primitive_desc backward(
          {direct, x, weight, y, strides, padding, padding}, attributes, engine, hint);
      impl_->prepare(Conv2dPass::backward_data, backward, x, backward.weights_desc(), y);
    }
    if (weight_gradient) {
      const dnnl::convolution_backward_weights::primitive_desc backward(
          {direct, x, dweight, y, strides, padding, padding}, attributes, engine, hint);
      impl_->prepare(Conv2dPass::backward_weight, backward, x, backward.diff_weights_desc(), y);
    }
  });
}

OnednnConv2d::~OnednnConv2d() = default;

void OnednnConv2d::Impl::prepare(Conv2dPass kind, const dnnl::primitive_desc& descriptor,
                                 const memory::desc& x, const memory::desc& weights,
                                 const memory::desc& y) {
  Pass& prepared = pass(kind);
  prepared.primitive = dnnl::primitive(descriptor);
  prepared.implementation = descriptor.impl_info_str();
  // Created without memory of their own.
  prepared.x = memory(x, engine, DNNL_MEMORY_NONE);
  prepared.y = memory(y, engine, DNNL_MEMORY_NONE);
  prepared.weights = memory(weights, engine, DNNL_MEMORY_NONE);
  prepared.scratchpad = memory(descriptor.scratchpad_desc(), engine, DNNL_MEMORY_NONE);
  const memory::desc plain(weights.dims(), weights.data_type(), memory::format_tag::ohwi);
  prepared.plain_weights = memory(plain, engine, DNNL_MEMORY_NONE);

  prepared.scratchpad_offset = round_up(weights.get_size(), kAlignment);
  prepared.addend_offset =
      round_up(prepared.scratchpad_offset + descriptor.scratchpad_desc().get_size(), kAlignment);
  prepared.workspace_bytes = prepared.addend_offset;
  if (kind == Conv2dPass::backward_data)
    prepared.workspace_bytes += round_up(x.get_size(), kAlignment);

  using Reorder = dnnl::reorder::primitive_desc;
  if (kind == Conv2dPass::backward_weight) {
    dnnl::post_ops sum;
    sum.append_sum();
    dnnl::primitive_attr adding;
    adding.set_post_ops(sum);
    prepared.reorder = dnnl::reorder(Reorder(engine, weights, engine, plain));
    prepared.reorder_add = dnnl::reorder(Reorder(engine, weights, engine, plain, adding));
    prepared.arguments = {{DNNL_ARG_SRC, prepared.x},
                          {DNNL_ARG_DIFF_WEIGHTS, prepared.weights},
                          {DNNL_ARG_DIFF_DST, prepared.y}};
  } else {
    const bool forward = kind == Conv2dPass::forward;
    prepared.reorder = dnnl::reorder(Reorder(engine, plain, engine, weights));
    prepared.arguments = {{forward ? DNNL_ARG_SRC : DNNL_ARG_DIFF_SRC, prepared.x},
                          {DNNL_ARG_WEIGHTS, prepared.weights},
                          {forward ? DNNL_ARG_DST : DNNL_ARG_DIFF_DST, prepared.y}};
  }
  prepared.arguments.insert({DNNL_ARG_SCRATCHPAD, prepared.scratchpad});
}

size_t OnednnConv2d::workspace_bytes() const {
  size_t bytes = 0;
  for (const Pass& p : impl_->passes) bytes = std::max(bytes, p.workspace_bytes);
  return bytes;
}

std::string OnednnConv2d::description() const {
  static constexpr const char* kNames[] = {"forward", "backward_data", "backward_weight"};
  std::string text;
  for (int i = 0; i < 3; ++i) {
    if (!impl_->passes[i].primitive) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : "\n", kNames[i],
                        impl_->passes[i].implementation);
  }
  return text;
}

void OnednnConv2d::forward(Context& context, const Conv2dArgs& args) {
  call_library("convolution", [&] {
    Pass& p = impl_->pass(Conv2dPass::forward);
    p.bind(context, args.x, args.y);
    p.plain_weights.set_data_handle(args.weight.data);
    p.reorder.execute(impl_->stream, p.plain_weights, p.weights);
    p.primitive.execute(impl_->stream, p.arguments);
  });
}

void OnednnConv2d::backward_data(Context& context, const Conv2dBackwardDataArgs& args) {
  call_library("convolution's data gradient", [&] {
    Pass& p = impl_->pass(Conv2dPass::backward_data);
    Tensor dx = args.dx.tensor;
    if (args.dx.add)
      dx.data = static_cast<std::byte*>(context.workspace(p.workspace_bytes)) + p.addend_offset;
    p.bind(context, dx, args.dy);
    p.plain_weights.set_data_handle(args.weight.data);
    p.reorder.execute(impl_->stream, p.plain_weights, p.weights);
    p.primitive.execute(impl_->stream, p.arguments);
    if (args.dx.add) add(context, {.a = args.dx.tensor, .b = dx, .y = args.dx.tensor});
  });
}

void OnednnConv2d::backward_weight(Context& context, const Conv2dBackwardWeightArgs& args) {
  call_library("convolution's weight gradient", [&] {
    Pass& p = impl_->pass(Conv2dPass::backward_weight);
    p.bind(context, args.x, args.dy);
    p.plain_weights.set_data_handle(args.dweight.tensor.data);
    p.primitive.execute(impl_->stream, p.arguments);
    (args.dweight.add ? p.reorder_add : p.reorder)
        .execute(impl_->stream, p.weights, p.plain_weights);
  });
}

void OnednnConv2d::primitive_only(Context& context, Conv2dPass kind,
                                  const Conv2dPrimitiveArgs& args) {
  call_library("convolution alone", [&] {
    Pass& p = impl_->pass(kind);
    p.bind(context, args.x, args.y);
    p.primitive.execute(impl_->stream, p.arguments);
  });
}

}  // namespace lanet
