// Convolution on CUDA, by cuDNN.
#pragma once

#include <memory>
#include <string>

#include "kernels/conv2d.h"

namespace lanet {

class CudaConv2d {
 public:
  /// float32 operands are rounded to TF32 where context.tf32() allows it. Only deterministic code
  /// is taken. Throws Error with the library's reasons where it has none.
  CudaConv2d(Context& context, const Conv2dShape& shape, bool data_gradient, bool weight_gradient);
  ~CudaConv2d();

  size_t workspace_bytes() const;
  std::string description() const;

  void forward(Context& context, const Conv2dArgs& args);
  void backward_data(Context& context, const Conv2dBackwardDataArgs& args);
  void backward_weight(Context& context, const Conv2dBackwardWeightArgs& args);
  void primitive_only(Context& context, Conv2dPass pass, const Conv2dPrimitiveArgs& args);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lanet
