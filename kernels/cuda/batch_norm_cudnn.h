// Batch norm by cuDNN's fused engines, to compare ours with: models use
// kernels/batch_norm/batch_norm.h, whose formulas these are. cuDNN has them for f32 and bf16, for
// channels in multiples of 16 bytes, and a residual only before a ReLU
// (docs/design.md, "Networks").
#pragma once

#include "core/cuda/cudnn_graph.h"

namespace lanet {

struct CudnnBatchNormShape {
  Shape x;  // [B, H, W, C]
  DType dtype = DType::bf16;
  bool residual = false;
  bool relu = false;

  Shape channels() const { return {1, 1, 1, x[3]}; }
};

/// What plans are made of: in training, with running statistics.
cudnn::Operations batch_norm_forward_operations(const CudnnBatchNormShape& shape);
cudnn::Operations batch_norm_backward_operations(const CudnnBatchNormShape& shape);

/// Tensors start at multiples of 16 bytes; those of the dtype have the shape of x, the others are
/// f32 [C]. mask: u8, mask_bytes() of them: where y > 0; absent without relu.
/// The running statistics are written to another place than they are read from.
struct CudnnBatchNormForwardArgs {
  Tensor x;
  Tensor weight;
  Tensor bias;
  Tensor residual = {};
  Tensor running_mean;
  Tensor running_var;
  Tensor new_running_mean;
  Tensor new_running_var;
  Tensor mean;
  Tensor inv_std;
  Tensor y;
  Tensor mask = {};
};

/// Gradients are set, never added to: cuDNN has no other.
struct CudnnBatchNormBackwardArgs {
  Tensor x;
  Tensor mean;
  Tensor inv_std;
  Tensor weight;
  Tensor dy;
  Tensor mask = {};
  Tensor dx;
  Tensor dresidual = {};
  Tensor dweight;
  Tensor dbias;
};

class CudnnBatchNorm {
 public:
  /// Throws Error with the library's reasons where it has no engine.
  CudnnBatchNorm(Context& context, const CudnnBatchNormShape& shape);

  /// What context.reserve_workspace() is given before the first run.
  size_t workspace_bytes() const;
  int64_t mask_bytes() const { return (shape_.x.elements() + 7) / 8; }

  void forward(Context& context, const CudnnBatchNormForwardArgs& args) const;
  void backward(Context& context, const CudnnBatchNormBackwardArgs& args) const;

 private:
  struct Operand;
  void run(Context& context, const cudnn::Plan& plan,
           std::initializer_list<Operand> operands) const;

  CudnnBatchNormShape shape_;
  cudnnHandle_t handle_;
  cudnn::Plan forward_, backward_;
};

}  // namespace lanet
