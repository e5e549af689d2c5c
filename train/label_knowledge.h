// What can be known of wrong labels before a picture is looked at: the noise channel, the prior of
// the classes, and what the landmarks say of each face (docs/design.md, "Robust").
#pragma once

#include <functional>
#include <string>

#include "models/robust.h"
#include "train/faces.h"
#include "train/noise_channel.h"

namespace lanet {

struct LabelKnowledgeOptions {
  std::vector<int32_t> given;  ///< [N], labels of the training faces
  std::string shapes = "network";
  Device device = Device::cpu;
  int threads = 0;
  uint64_t seed = 0;
  std::function<void(const std::string&)> message;             ///< a line of what was found
  std::function<void(int64_t done, int64_t total)> progress;  ///< in steps of shape networks
};

/// Trains shape networks on the landmarks of `faces`, of which invalid ones bring nothing, and
/// estimates the channel with them: of no noise, one rate and a full matrix, the one that foretells
/// the given labels best, each parameter of a channel counted as ½·ln N (Schwarz 1978). The same
/// bits for the same arguments on one machine.
LabelKnowledge learn_label_knowledge(const Faces& faces, const LabelKnowledgeOptions& options);

}  // namespace lanet
