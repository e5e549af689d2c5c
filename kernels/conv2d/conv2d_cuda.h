// Convolution on CUDA: by cuDNN, or as it is defined.
#pragma once

#include <memory>
#include <string>

#include "kernels/conv2d/conv2d.h"

namespace lanet {

class CudaConv2d {
 public:
  /// f64, and f32 where the context wants exact products: by conv2d_exact_cuda(). Otherwise by
  /// cuDNN: f32 operands are rounded to TF32 where context.tf32() allows it, and only deterministic
  /// code is taken. Throws Error with the library's reasons where it has none.
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

/// As request_conv2d_tuning(), on CUDA and with a table.
void request_conv2d_tuning_cuda(Context& context, const Conv2dShape& shape, Conv2dPass pass,
                                bool add);

/// The definition, f32 or f64, with sums in double. Slow: for proof.
void conv2d_exact_cuda(Context& context, const Conv2dShape& shape, const Conv2dArgs& args);
void conv2d_exact_backward_data_cuda(Context& context, const Conv2dShape& shape,
                                     const Conv2dBackwardDataArgs& args);
void conv2d_exact_backward_weight_cuda(Context& context, const Conv2dShape& shape,
                                       const Conv2dBackwardWeightArgs& args);

}  // namespace lanet
