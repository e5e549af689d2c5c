#include "kernels/cuda/batch_norm_cudnn.h"

#include <algorithm>

#include "kernels/batch_norm/batch_norm.h"

namespace lanet {

namespace {

/// Numbers of the tensors in both graphs.
enum Id : int64_t {
  kX = 1,
  kWeight,
  kBias,
  kEpsilon,
  kMomentum,
  kRunningMean,
  kRunningVar,
  kNewRunningMean,
  kNewRunningVar,
  kMean,
  kInvStd,
  kNormalised,
  kResidual,
  kSum,
  kY,
  kZero,
  kMask,
  kDy,
  kCutDy,  // dy where y > 0: the residual's gradient
  kDx,
  kDweight,
  kDbias
};

/// Builds one graph; tensors by number, the same descriptor for the same number.
struct Builder {
  const CudnnBatchNormShape& shape;
  cudnn::Operations graph = {};

  const cudnn::Descriptor& image(Id id) {
    return graph.part(cudnn::tensor_descriptor(id, shape.x, shape.dtype));
  }
  /// What passes from one operation to the next.
  const cudnn::Descriptor& between(Id id, DType dtype) {
    return graph.part(cudnn::virtual_descriptor(id, shape.x, dtype));
  }
  const cudnn::Descriptor& channels(Id id) {
    return graph.part(cudnn::tensor_descriptor(id, shape.channels(), DType::f32));
  }
  const cudnn::Descriptor& scalar(Id id) { return graph.part(cudnn::scalar_descriptor(id)); }
  const cudnn::Descriptor& mask() { return graph.part(cudnn::mask_descriptor(kMask, shape.x)); }

  /// y = mode(x, b); `b` null: of x alone.
  void pointwise(cudnnPointwiseMode_t mode, const cudnn::Descriptor& x, const cudnn::Descriptor* b,
                 const cudnn::Descriptor& y) {
    cudnn::Descriptor how(CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
    how.set(CUDNN_ATTR_POINTWISE_MODE, mode);
    how.set(CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_DATA_FLOAT);
    how.finalize();
    cudnn::Descriptor operation(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
    operation.set(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, graph.part(std::move(how)));
    operation.set(CUDNN_ATTR_OPERATION_POINTWISE_XDESC, x);
    if (b) operation.set(CUDNN_ATTR_OPERATION_POINTWISE_BDESC, *b);
    operation.set(CUDNN_ATTR_OPERATION_POINTWISE_YDESC, y);
    graph.operation(std::move(operation));
  }
};

std::string describe(const char* pass, const CudnnBatchNormShape& s) {
  return fmt::format("batch norm {}: {} {}{}{}", pass, s.dtype, s.x, s.residual ? ", residual" : "",
                     s.relu ? ", ReLU" : "");
}

}  // namespace

cudnn::Operations batch_norm_forward_operations(const CudnnBatchNormShape& s) {
  Builder b{s};
  const cudnn::Descriptor& normalised =
      s.residual || s.relu ? b.between(kNormalised, DType::f32) : b.image(kY);
  cudnn::Descriptor norm(CUDNN_BACKEND_OPERATION_NORM_FORWARD_DESCRIPTOR);
  norm.set(CUDNN_ATTR_OPERATION_NORM_FWD_MODE, CUDNN_BATCH_NORM);
  norm.set(CUDNN_ATTR_OPERATION_NORM_FWD_PHASE, CUDNN_NORM_FWD_TRAINING);
  norm.set(CUDNN_ATTR_OPERATION_NORM_FWD_XDESC, b.image(kX));
  norm.set(CUDNN_ATTR_OPERATION_NORM_FWD_MEAN_DESC, b.channels(kMean));
  norm.set(CUDNN_ATTR_OPERATION_NORM_FWD_INV_VARIANCE_DESC, b.channels(kInvStd));
  norm.set(CUDNN_ATTR_OPERATION_NORM_FWD_SCALE_DESC, b.channels(kWeight));
  norm.set(CUDNN_ATTR_OPERATION_NORM_FWD_BIAS_DESC, b.channels(kBias));
  norm.set(CUDNN_ATTR_OPERATION_NORM_FWD_EPSILON_DESC, b.scalar(kEpsilon));
  norm.set(CUDNN_ATTR_OPERATION_NORM_FWD_EXP_AVG_FACTOR_DESC, b.scalar(kMomentum));
  norm.set(CUDNN_ATTR_OPERATION_NORM_FWD_INPUT_RUNNING_MEAN_DESC, b.channels(kRunningMean));
  norm.set(CUDNN_ATTR_OPERATION_NORM_FWD_INPUT_RUNNING_VAR_DESC, b.channels(kRunningVar));
  norm.set(CUDNN_ATTR_OPERATION_NORM_FWD_OUTPUT_RUNNING_MEAN_DESC, b.channels(kNewRunningMean));
  norm.set(CUDNN_ATTR_OPERATION_NORM_FWD_OUTPUT_RUNNING_VAR_DESC, b.channels(kNewRunningVar));
  norm.set(CUDNN_ATTR_OPERATION_NORM_FWD_YDESC, normalised);
  b.graph.operation(std::move(norm));

  const cudnn::Descriptor* sum = &normalised;
  if (s.residual) {
    const cudnn::Descriptor& added = s.relu ? b.between(kSum, DType::f32) : b.image(kY);
    b.pointwise(CUDNN_POINTWISE_ADD, normalised, &b.image(kResidual), added);
    sum = &added;
  }
  if (s.relu) {
    const cudnn::Descriptor& y = b.image(kY);
    b.pointwise(CUDNN_POINTWISE_RELU_FWD, *sum, nullptr, y);
    b.pointwise(CUDNN_POINTWISE_CMP_GT, y, &b.scalar(kZero), b.mask());
  }
  return std::move(b.graph);
}

cudnn::Operations batch_norm_backward_operations(const CudnnBatchNormShape& s) {
  Builder b{s};
  const cudnn::Descriptor* dy = &b.image(kDy);
  if (s.relu) {
    const cudnn::Descriptor& cut = s.residual ? b.image(kCutDy) : b.between(kCutDy, s.dtype);
    b.pointwise(CUDNN_POINTWISE_MUL, *dy, &b.mask(), cut);
    dy = &cut;
  }
  cudnn::Descriptor norm(CUDNN_BACKEND_OPERATION_NORM_BACKWARD_DESCRIPTOR);
  norm.set(CUDNN_ATTR_OPERATION_NORM_BWD_MODE, CUDNN_BATCH_NORM);
  norm.set(CUDNN_ATTR_OPERATION_NORM_BWD_XDESC, b.image(kX));
  norm.set(CUDNN_ATTR_OPERATION_NORM_BWD_MEAN_DESC, b.channels(kMean));
  norm.set(CUDNN_ATTR_OPERATION_NORM_BWD_INV_VARIANCE_DESC, b.channels(kInvStd));
  norm.set(CUDNN_ATTR_OPERATION_NORM_BWD_DYDESC, *dy);
  norm.set(CUDNN_ATTR_OPERATION_NORM_BWD_SCALE_DESC, b.channels(kWeight));
  norm.set(CUDNN_ATTR_OPERATION_NORM_BWD_DSCALE_DESC, b.channels(kDweight));
  norm.set(CUDNN_ATTR_OPERATION_NORM_BWD_DBIAS_DESC, b.channels(kDbias));
  norm.set(CUDNN_ATTR_OPERATION_NORM_BWD_DXDESC, b.image(kDx));
  b.graph.operation(std::move(norm));
  return std::move(b.graph);
}

CudnnBatchNorm::CudnnBatchNorm(Context& context, const CudnnBatchNormShape& shape)
    : shape_(shape),
      handle_(context.libraries()->cudnn()),
      forward_({.handle = handle_}, batch_norm_forward_operations(shape), cudnn::TensorCores::never,
               describe("forward", shape)),
      backward_({.handle = handle_}, batch_norm_backward_operations(shape),
                cudnn::TensorCores::never, describe("backward", shape)) {}

size_t CudnnBatchNorm::workspace_bytes() const {
  return std::max(forward_.workspace_bytes(), backward_.workspace_bytes());
}

/// A tensor of a graph, or a number on the host, and where it is. Null: not part of this graph.
struct CudnnBatchNorm::Operand {
  Id id;
  const void* data;
};

void CudnnBatchNorm::run(Context& context, const cudnn::Plan& plan,
                         std::initializer_list<Operand> operands) const {
  std::vector<int64_t> ids;
  std::vector<void*> pointers;
  for (const Operand& operand : operands) {
    if (!operand.data) continue;
    ids.push_back(operand.id);
    pointers.push_back(const_cast<void*>(operand.data));
  }
  plan.run(handle_, ids, pointers, context.workspace(plan.workspace_bytes()));
}

void CudnnBatchNorm::forward(Context& context, const CudnnBatchNormForwardArgs& args) const {
  LANET_REQUIRE(bool(args.residual) == shape_.residual && bool(args.mask) == shape_.relu,
                "a residual or a mask that the plan was not made for, or none");
  const float epsilon = kBatchNormEpsilon, momentum = kBatchNormMomentum, zero = 0;
  run(context, forward_,
      {{kX, args.x.data},
       {kWeight, args.weight.data},
       {kBias, args.bias.data},
       {kEpsilon, &epsilon},
       {kMomentum, &momentum},
       {kRunningMean, args.running_mean.data},
       {kRunningVar, args.running_var.data},
       {kNewRunningMean, args.new_running_mean.data},
       {kNewRunningVar, args.new_running_var.data},
       {kMean, args.mean.data},
       {kInvStd, args.inv_std.data},
       {kResidual, args.residual.data},
       {kY, args.y.data},
       {kZero, shape_.relu ? &zero : nullptr},
       {kMask, args.mask.data}});
}

void CudnnBatchNorm::backward(Context& context, const CudnnBatchNormBackwardArgs& args) const {
  LANET_REQUIRE(bool(args.dresidual) == shape_.residual && bool(args.mask) == shape_.relu,
                "a residual or a mask that the plan was not made for, or none");
  run(context, backward_,
      {{kX, args.x.data},
       {kMean, args.mean.data},
       {kInvStd, args.inv_std.data},
       {kWeight, args.weight.data},
       {kDy, args.dy.data},
       {kMask, args.mask.data},
       {kCutDy, args.dresidual.data},
       {kDx, args.dx.data},
       {kDweight, args.dweight.data},
       {kDbias, args.dbias.data}});
}

}  // namespace lanet
