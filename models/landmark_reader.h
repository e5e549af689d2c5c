// Inference by the landmark branch: where a network of the published recipe sees the landmarks.
#pragma once

#include "models/landmark_resnet.h"

namespace lanet {

class LandmarkReader {
 public:
  /// Records the graph for batches of `batch` images; the parameters are declared in `store`.
  LandmarkReader(ParameterStore& store, Backbone backbone, int64_t landmarks, int64_t image_size,
                 int64_t batch);
  /// After the store was allocated.
  void plan(Context& context) { graph_.plan(context); }
  void forward(Context& context) { graph_.forward(context); }

  Tensor images() const { return images_->data; }      ///< record_images(), written by the caller
  Tensor heatmaps() const { return heatmaps_->data; }  ///< as LandmarkFeatures has them

 private:
  Graph graph_{Graph::Mode::inference};
  Value *images_, *heatmaps_;
};

}  // namespace lanet
