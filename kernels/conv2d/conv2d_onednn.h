// Convolution by oneDNN. Activations stay plain NHWC; weights change in every step and are small,
// so each call reorders them between OHWI and the layout that the library chose, in the workspace.
// Usable without the library's headers; kernels/no_onednn.cpp stands in where it is not built in.
#pragma once

#include "kernels/conv2d/conv2d.h"

namespace lanet {

class OnednnConv2d {
 public:
  /// True if oneDNN is built in and convolves this dtype on this processor. If it is false there
  /// is no such convolution to be made.
  static bool serves(DType dtype);

  OnednnConv2d(const Conv2dShape& shape, bool data_gradient, bool weight_gradient);
  ~OnednnConv2d();

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
