// The landmark branch: lm_layer2..4, laterals, heatmaps and the feature v, with its linear head
// collapsed (docs/design.md, "Equivalent forms").
#pragma once

#include "models/resnet.h"

namespace lanet {

struct LandmarkFeatures {
  Value* v;         ///< [B, 64e]: the mean over the map of the summed laterals
  Value* heatmaps;  ///< [B, S/4, S/4, C], L landmarks and on CUDA the zeros that pad them
                    ///< (padded_channels); null where only v is wanted
};

/// Behind the shared part, [B, S/4, S/4, 64e]. num_landmarks = 0: v alone (the momentum network).
LandmarkFeatures record_landmarks(Recorder& recorder, Value* shared, Backbone backbone,
                                  int64_t num_landmarks);

}  // namespace lanet
