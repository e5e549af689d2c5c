#include "kernels/cuda/conv2d_cudnn.h"

#include <algorithm>

#include "core/operation.h"
#include "core/round_up.h"
#include "kernels/add.h"
#include "kernels/conv2d/conv2d_cuda.h"

namespace lanet {

namespace {

/// The names that one pass has for its parts.
struct PassNames {
  const char* name;
  cudnnBackendDescriptorType_t operation;
  cudnnBackendAttributeName_t convolution, x, y, weight, alpha, beta;
};
constexpr PassNames kPasses[] = {
    {"forward", CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
     CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
     CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
     CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA},
    {"backward_data", CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA},
    {"backward_weight", CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA}};

std::string describe(const Conv2dShape& s, const ConvolutionTask& task) {
  return fmt::format("convolution {}{}{}: x {} {}, weight {} {}, stride {}, padding {}",
                     kPasses[static_cast<int>(task.pass)].name, task.add ? " (added)" : "",
                     task.statistics ? " with statistics" : "", s.dtype, s.x(), task.weight_dtype,
                     s.weight(), s.stride, s.padding);
}

/// Convolutions that cuDNN does not do, as they are to be exact.
bool by_definition(const Context& context, const Conv2dShape& s) {
  return s.dtype == DType::f64 || (s.dtype == DType::f32 && context.exact_products());
}

cudnn::TensorCores tensor_cores_for(const Context& context, const Conv2dShape& s) {
  return s.dtype == DType::f32 && !context.tf32() ? cudnn::TensorCores::never
                                                  : cudnn::TensorCores::first;
}

/// Adds the operation that sums y and its squares, and what it writes.
void add_statistics(const Conv2dShape& s, const cudnn::Descriptor& y, ConvolutionGraph& graph) {
  const Shape channels{1, 1, 1, s.out_channels};
  auto sums = [&](int64_t id) -> const cudnn::Descriptor& {
    graph.operands.push_back({id, channels.elements(), DType::f32});
    return graph.operations.part(cudnn::tensor_descriptor(id, channels, DType::f32));
  };
  cudnn::Descriptor operation(CUDNN_BACKEND_OPERATION_GEN_STATS_DESCRIPTOR);
  operation.set(CUDNN_ATTR_OPERATION_GENSTATS_MODE, CUDNN_GENSTATS_SUM_SQSUM);
  operation.set(CUDNN_ATTR_OPERATION_GENSTATS_MATH_PREC, CUDNN_DATA_FLOAT);
  operation.set(CUDNN_ATTR_OPERATION_GENSTATS_XDESC, y);
  operation.set(CUDNN_ATTR_OPERATION_GENSTATS_SUMDESC, sums(kConvolutionSum));
  operation.set(CUDNN_ATTR_OPERATION_GENSTATS_SQSUMDESC, sums(kConvolutionSumOfSquares));
  graph.operations.operation(std::move(operation));
}

}  // namespace

ConvolutionGraph convolution_graph(const Conv2dShape& s, const ConvolutionTask& task) {
  const PassNames& names = kPasses[static_cast<int>(task.pass)];
  cudnn::Descriptor convolution(CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
  convolution.set(CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_DATA_FLOAT);
  convolution.set(CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_CROSS_CORRELATION);
  convolution.set(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, int64_t{2});
  convolution.set(CUDNN_ATTR_CONVOLUTION_DILATIONS, {1, 1});
  convolution.set(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, {s.stride, s.stride});
  convolution.set(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, {s.padding, s.padding});
  convolution.set(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, {s.padding, s.padding});
  convolution.finalize();

  ConvolutionGraph graph{describe(s, task),
                         {},
                         {{kConvolutionX, s.x().elements(), s.dtype},
                          {kConvolutionY, s.y().elements(), s.dtype},
                          {kConvolutionWeight, s.weight().elements(), task.weight_dtype}}};
  cudnn::Operations& operations = graph.operations;
  const cudnn::Descriptor& y =
      operations.part(cudnn::tensor_descriptor(kConvolutionY, s.y(), s.dtype));
  cudnn::Descriptor operation(names.operation);
  operation.set(names.convolution, operations.part(std::move(convolution)));
  operation.set(names.x, operations.part(cudnn::tensor_descriptor(kConvolutionX, s.x(), s.dtype)));
  operation.set(names.y, y);
  operation.set(names.weight, operations.part(cudnn::tensor_descriptor(
                                  kConvolutionWeight, s.weight(), task.weight_dtype)));
  operation.set(names.alpha, 1.0f);
  operation.set(names.beta, task.add ? 1.0f : 0.0f);
  operations.operation(std::move(operation));
  if (task.statistics) add_statistics(s, y, graph);
  return graph;
}

cudnn::Plan plan_convolution(const cudnn::Target& target, const Conv2dShape& s,
                             const ConvolutionTask& task, cudnn::TensorCores tensor_cores,
                             PlanTable* table) {
  ConvolutionGraph graph = convolution_graph(s, task);
  return {target, std::move(graph.operations), tensor_cores, graph.what, table};
}

void request_tuning(Context& context, const Conv2dShape& s, const ConvolutionTask& task) {
  const cudnnHandle_t handle = context.libraries()->cudnn();
  const cudnn::TensorCores tensor_cores = tensor_cores_for(context, s);
  int64_t elements = s.x().elements() + s.y().elements() + s.weight().elements();
  if (task.add)  // is read, too
    elements += (task.pass == Conv2dPass::backward_data ? s.x() : s.weight()).elements();
  const Cost cost{.bytes = static_cast<double>(elements) * static_cast<double>(size_of(s.dtype)),
                  .flops = 2 * s.macs(),
                  .product = s.dtype};
  context.plans()->request(
      cudnn::table_key(describe(s, task), tensor_cores), floor_seconds(cost, kH200),
      [=](bool compiled, const std::function<bool()>& out_of_time, std::vector<PlanEngine>& timed) {
        const ConvolutionGraph graph = convolution_graph(s, task);
        cudnn::EngineTimer timer(handle, graph.operands);
        if (!timer.has_memory()) return;
        cudnn::race_engines({.handle = handle}, graph.operations, tensor_cores, compiled,
                            std::ref(timer), out_of_time, timed);
      });
}

void request_conv2d_tuning_cuda(Context& context, const Conv2dShape& s, Conv2dPass pass, bool add) {
  if (by_definition(context, s)) return;
  // A bf16 weight's gradient is set, and added by a kernel of ours.
  const bool set_only = pass == Conv2dPass::backward_weight && s.dtype == DType::bf16;
  request_tuning(context, s, {pass, s.dtype, add && !set_only});
}

ConvolutionPlans::ConvolutionPlans(const cudnn::Target& target, const Conv2dShape& s,
                                   cudnn::TensorCores tensor_cores, bool data_gradient,
                                   bool weight_gradient, PlanTable* table)
    : forward(plan_convolution(target, s, {Conv2dPass::forward, s.dtype}, tensor_cores, table)) {
  auto plan = [&](Conv2dPass pass, bool add) {
    return plan_convolution(target, s, {pass, s.dtype, add}, tensor_cores, table);
  };
  if (data_gradient) {
    data.emplace(plan(Conv2dPass::backward_data, false));
    data_added.emplace(plan(Conv2dPass::backward_data, true));
  }
  if (weight_gradient) {
    weight.emplace(plan(Conv2dPass::backward_weight, false));
    if (s.dtype != DType::bf16) weight_added.emplace(plan(Conv2dPass::backward_weight, true));
  }
}

struct CudaConv2d::Impl {
  cudnnHandle_t handle;
  Conv2dShape shape;
  std::optional<ConvolutionPlans> plans;  // absent: the definition runs

  void run(Context& context, const cudnn::Plan& plan, const Tensor& x, const Tensor& y,
           const Tensor& weight_data) const {
    for (const Tensor& tensor : {x, y, weight_data})
      LANET_REQUIRE(reinterpret_cast<uintptr_t>(tensor.data) % 16 == 0, "a tensor starts at {}",
                    tensor.data);
    plan.run(handle, {kConvolutionX, kConvolutionY, kConvolutionWeight},
             {x.data, y.data, weight_data.data}, context.workspace(plan.workspace_bytes()));
  }

  // The workspace: the plans', then a weight, or its gradient before it is added.
  size_t weight_offset() const {
    if (!plans) return 0;
    size_t bytes = plans->forward.workspace_bytes();
    for (const auto* plan :
         {&plans->data, &plans->data_added, &plans->weight, &plans->weight_added})
      if (*plan) bytes = std::max(bytes, (*plan)->workspace_bytes());
    return round_up(bytes, 256);
  }
  size_t workspace_bytes() const {
    return weight_offset() + shape.weight().elements() * size_of(shape.dtype);
  }
  Tensor workspace_weight(Context& context) const {
    return {static_cast<std::byte*>(context.workspace(workspace_bytes())) + weight_offset(),
            shape.weight(), shape.dtype, Device::cuda};
  }
};

CudaConv2d::CudaConv2d(Context& context, const Conv2dShape& s, bool data_gradient,
                       bool weight_gradient) {
  if (by_definition(context, s)) {
    impl_ = std::make_unique<Impl>(Impl{nullptr, s, {}});
    return;
  }
  const cudnn::Target target{.handle = context.libraries()->cudnn()};
  impl_ = std::make_unique<Impl>(
      Impl{target.handle, s,
           ConvolutionPlans(target, s, tensor_cores_for(context, s), data_gradient, weight_gradient,
                            context.plans())});
}
CudaConv2d::~CudaConv2d() = default;

size_t CudaConv2d::workspace_bytes() const {
  return impl_->workspace_bytes();
}

std::string CudaConv2d::description() const {
  if (!impl_->plans) return "definition, sums in double";
  std::string text = "forward " + impl_->plans->forward.description();
  if (impl_->plans->data) text += "\nbackward_data " + impl_->plans->data->description();
  if (impl_->plans->weight) text += "\nbackward_weight " + impl_->plans->weight->description();
  return text;
}

void CudaConv2d::forward(Context& context, const Conv2dArgs& args) {
  if (!impl_->plans) return conv2d_exact_cuda(context, impl_->shape, args);
  impl_->run(context, impl_->plans->forward, args.x, args.y, args.weight);
}

void CudaConv2d::backward_data(Context& context, const Conv2dBackwardDataArgs& args) {
  if (!impl_->plans) return conv2d_exact_backward_data_cuda(context, impl_->shape, args);
  impl_->run(context, args.dx.add ? *impl_->plans->data_added : *impl_->plans->data, args.dx.tensor,
             args.dy, args.weight);
}

void CudaConv2d::backward_weight(Context& context, const Conv2dBackwardWeightArgs& args) {
  if (!impl_->plans) return conv2d_exact_backward_weight_cuda(context, impl_->shape, args);
  const Tensor& dweight = args.dweight.tensor;
  if (!args.dweight.add)
    return impl_->run(context, *impl_->plans->weight, args.x, args.dy, dweight);
  if (impl_->plans->weight_added)
    return impl_->run(context, *impl_->plans->weight_added, args.x, args.dy, dweight);
  const Tensor addend = impl_->workspace_weight(context);
  impl_->run(context, *impl_->plans->weight, args.x, args.dy, addend);
  add(context, {.a = dweight, .b = addend, .y = dweight});
}

void CudaConv2d::primitive_only(Context& context, Conv2dPass pass,
                                const Conv2dPrimitiveArgs& args) {
  const Tensor weight = impl_->workspace_weight(context);
  if (!impl_->plans) {
    if (pass == Conv2dPass::forward)
      forward(context, {.x = args.x, .weight = weight, .y = args.y});
    else if (pass == Conv2dPass::backward_data)
      backward_data(context, {.dy = args.y, .weight = weight, .dx = {args.x}});
    else
      backward_weight(context, {.x = args.x, .dy = args.y, .dweight = {weight}});
    return;
  }
  const ConvolutionPlans& plans = *impl_->plans;
  const cudnn::Plan* plan = &plans.forward;
  if (pass == Conv2dPass::backward_data)
    plan = args.add ? &*plans.data_added : &*plans.data;
  else if (pass == Conv2dPass::backward_weight)
    plan = args.add && plans.weight_added ? &*plans.weight_added : &*plans.weight;
  impl_->run(context, *plan, args.x, args.y, weight);
}

}  // namespace lanet
