// Convolution by oneDNN. Activations stay plain NHWC; weights change in every step and are small,
// so each call reorders them between OHWI and the layout that the library chose, in the workspace.
#pragma once

#include <oneapi/dnnl/dnnl.hpp>

#include <unordered_map>

#include "kernels/conv2d/conv2d.h"

namespace lanet {

class OnednnConv2d {
 public:
  /// True if oneDNN convolves this dtype on this processor.
  static bool serves(DType dtype);

  OnednnConv2d(const Conv2dShape& shape, bool data_gradient, bool weight_gradient);

  size_t workspace_bytes() const;
  std::string description() const;

  void forward(Context& context, const Conv2dArgs& args);
  void backward_data(Context& context, const Conv2dBackwardDataArgs& args);
  void backward_weight(Context& context, const Conv2dBackwardWeightArgs& args);
  void primitive_only(Context& context, Conv2dPass pass, const Conv2dPrimitiveArgs& args);

 private:
  /// One pass: the primitive, and memory objects that each call points at its data.
  /// In the workspace: [weights in the library's layout][scratchpad][image to be added].
  struct Pass {
    dnnl::primitive primitive;
    dnnl::memory x, weights, y, scratchpad, plain_weights;  // gradients in backward passes
    dnnl::reorder reorder, reorder_add;                     // between weights and plain_weights
    std::unordered_map<int, dnnl::memory> arguments;
    size_t scratchpad_offset = 0, addend_offset = 0, workspace_bytes = 0;
    std::string implementation;

    /// Points the memory objects at these images and at the workspace.
    void bind(Context& context, const Tensor& x_data, const Tensor& y_data);
  };

  void prepare(Pass& pass, const dnnl::primitive_desc& descriptor, const dnnl::memory::desc& x,
               const dnnl::memory::desc& weights, const dnnl::memory::desc& y, Conv2dPass kind);
  Pass& pass(Conv2dPass kind) { return passes_[static_cast<int>(kind)]; }

  Conv2dShape shape_;
  dnnl::engine engine_;
  dnnl::stream stream_;
  Pass passes_[3];
};

}  // namespace lanet
