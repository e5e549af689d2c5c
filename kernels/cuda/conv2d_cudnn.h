// How a convolution is put to cuDNN.
#pragma once

#include "core/cuda/cudnn_graph.h"
#include "kernels/conv2d.h"

namespace lanet {

/// What one plan computes, besides the convolution's shape.
struct ConvolutionTask {
  Conv2dPass pass;
  DType weight_dtype;  ///< of the weight, or of its gradient
  bool add = false;    ///< the result is added to what is there
};

/// Numbers of the tensors in every plan: x or its gradient, y or its gradient, the weight or its
/// gradient.
constexpr int64_t kConvolutionX = 1, kConvolutionY = 2, kConvolutionWeight = 3;

cudnn::Plan plan_convolution(const cudnn::Target& target, const Conv2dShape& shape,
                             const ConvolutionTask& task, cudnn::TensorCores tensor_cores);

}  // namespace lanet
