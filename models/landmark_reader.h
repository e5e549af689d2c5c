// Inference by the landmark branch: where a network of the published recipe sees the landmarks.
#pragma once

#include "models/landmark_resnet.h"

namespace lanet {

class LandmarkReader : public InferenceNetwork {
 public:
  /// Records the graph for batches of `batch` images; the parameters are declared in `store`.
  LandmarkReader(ParameterStore& store, Backbone backbone, int64_t landmarks, int64_t image_size,
                 int64_t batch);

  Tensor heatmaps() const { return heatmaps_->data; }  ///< as LandmarkFeatures has them

 private:
  Value* heatmaps_;
};

}  // namespace lanet
