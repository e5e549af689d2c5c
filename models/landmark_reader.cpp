#include "models/landmark_reader.h"

namespace lanet {

LandmarkReader::LandmarkReader(ParameterStore& store, Backbone backbone, int64_t landmarks,
                               int64_t image_size, int64_t batch)
    : InferenceNetwork(store, image_size, batch) {
  Recorder recorder(graph_, store);
  Value* shared = record_shared(recorder, images_, backbone);
  heatmaps_ = record_landmarks(recorder, shared, backbone, landmarks).heatmaps;
  graph_.keep(heatmaps_);
}

}  // namespace lanet
