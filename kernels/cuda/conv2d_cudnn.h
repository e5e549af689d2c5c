// How a convolution is put to cuDNN.
#pragma once

#include <optional>

#include "core/cuda/cudnn_tuning.h"
#include "kernels/conv2d/conv2d.h"

namespace lanet {

/// What one plan computes, besides the convolution's shape.
struct ConvolutionTask {
  Conv2dPass pass;
  DType weight_dtype;  ///< of the weight, or of its gradient
  bool add = false;    ///< the result is added to what is there
  /// Forward: also computes, per channel of y, the sum over all pixels and the sum of their
  /// squares.
  bool statistics = false;
};

/// Numbers of the tensors in every plan: x or its gradient, y or its gradient, the weight or its
/// gradient; with statistics both sums, f32.
constexpr int64_t kConvolutionX = 1, kConvolutionY = 2, kConvolutionWeight = 3, kConvolutionSum = 4,
                  kConvolutionSumOfSquares = 5;

/// A convolution as a graph, what names it, and all tensors that it is given.
struct ConvolutionGraph {
  std::string what;
  cudnn::Operations operations;
  std::vector<cudnn::Operand> operands;
};
ConvolutionGraph convolution_graph(const Conv2dShape& shape, const ConvolutionTask& task);

/// Asks context.plans() to choose the engine of this task by timing.
void request_tuning(Context& context, const Conv2dShape& shape, const ConvolutionTask& task);

/// table: null, or what the engine is taken from (core/cuda/cudnn_graph.h).
cudnn::Plan plan_convolution(const cudnn::Target& target, const Conv2dShape& shape,
                             const ConvolutionTask& task, cudnn::TensorCores tensor_cores,
                             PlanTable* table = nullptr);

/// Every plan that a step may run for one convolution; gradients where asked for. A bf16 weight's
/// gradient is only ever set: what is added to is read by a kernel of ours.
struct ConvolutionPlans {
  ConvolutionPlans(const cudnn::Target& target, const Conv2dShape& shape,
                   cudnn::TensorCores tensor_cores, bool data_gradient, bool weight_gradient,
                   PlanTable* table = nullptr);

  cudnn::Plan forward;
  std::optional<cudnn::Plan> data, data_added, weight, weight_added;
};

}  // namespace lanet
