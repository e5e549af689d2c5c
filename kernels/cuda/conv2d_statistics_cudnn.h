// A bf16 convolution that sums its output for batch norm as it writes it, by cuDNN's fused engines,
// to compare with a convolution and batch_norm_statistics(), which models use.
#pragma once

#include "kernels/cuda/conv2d_cudnn.h"

namespace lanet {

/// x, weight, y: of the shape, bf16. sum and sum_of_squares: f32 [C] over y's pixels, C its
/// channels. Tensors start at multiples of 16 bytes.
struct CudnnConv2dStatisticsArgs {
  Tensor x;
  Tensor weight;
  Tensor y;
  Tensor sum;
  Tensor sum_of_squares;
};

class CudnnConv2dStatistics {
 public:
  /// By the engine of context.plans(), or the first that is proposed. Throws Error with the
  /// library's reasons where it has no engine.
  CudnnConv2dStatistics(Context& context, const Conv2dShape& shape);

  /// What context.reserve_workspace() is given before the first run.
  size_t workspace_bytes() const { return plan_.workspace_bytes(); }
  const std::string& description() const { return plan_.description(); }
  void forward(Context& context, const CudnnConv2dStatisticsArgs& args) const;

  static constexpr ConvolutionTask task() {
    return {.pass = Conv2dPass::forward, .weight_dtype = DType::bf16, .statistics = true};
  }

 private:
  cudnnHandle_t handle_;
  cudnn::Plan plan_;
};

}  // namespace lanet
