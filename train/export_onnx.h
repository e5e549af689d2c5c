// A trained classifier as an ONNX model: https://onnx.ai/onnx/repo-docs/IR.html
#pragma once

#include <string>

#include "core/files/host_array.h"
#include "models/resnet.h"

namespace lanet {

/// What the model reads, as `input`.
enum class OnnxInput {
  normalised,  ///< f32 [batch, 3, S, S]: R, G and B as torchvision_weights()' mean and std say
  pixels,      ///< u8 [batch, S, S, 3]: RGB, which the model normalises itself
};

/// The bytes of an ONNX file. weights: of torchvision_weights(), whose metadata the file gets too;
/// image_size: S. The model has the outputs `logits` and `probabilities`, f32 [batch, C]; the batch
/// may be of any size. Where the weights have a landmark branch, so has the model, with the output
/// `heatmaps`, f32 [batch, L, S/4, S/4], those of LandmarkFeatures. Batch norms are folded into the
/// convolutions before them.
std::string onnx_classifier(const NamedArrays& weights, Backbone backbone, int64_t image_size,
                            OnnxInput input);

}  // namespace lanet
