// A trained classifier in the form that other programs read.
#pragma once

#include <string>

#include "core/files/host_array.h"
#include "train/checkpoint.h"

namespace lanet {

/// The classifier under the names of torchvision's ResNet, so that load_state_dict() of
/// resnet18(num_classes=C) and its like takes it strictly: float32, num_batches_tracked (0)
/// included, nothing else. Metadata: `backbone`, `image_size`, `classes` (a JSON array in the order
/// of the outputs), `mean` and `std` (JSON arrays, of R, G and B in [0, 1]), `epoch`,
/// `program_version`, `format` ("pt").
/// with_landmarks: the landmark branch too, under its names in the published program: `lm_layer2.`
/// to `lm_layer4.` as torchvision's layers, `latlayer1.weight` to `latlayer4.weight` [64e, C_i, 1,
/// 1] and `lm_fc.weight` [L, 64e, 1, 1]. The metadata then has `landmarks`, L.
/// InputError, which names `path`, if the checkpoint lacks a parameter or the branch.
NamedArrays torchvision_weights(const NamedArrays& checkpoint, const CheckpointInfo& info,
                                const std::string& path, bool with_landmarks);

}  // namespace lanet
