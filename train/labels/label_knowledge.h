// What can be known about wrong labels without looking at a picture: the noise channel, the prior
// of the classes, and what the landmarks say about each face (docs/design.md, "The channel").
#pragma once

#include <functional>
#include <string>

#include "models/model.h"
#include "train/faces.h"
#include "train/labels/noise_channel.h"
#include "train/labels/shape_posterior.h"

namespace lanet {

struct LabelKnowledgeOptions {
  /// What log_ratio is made of: networks, votes of the nearest of the set, votes of the
  /// `neighbours` nearest in groups of `batch`, or nothing (0). The channel is always networks'.
  ShapeSource shapes = ShapeSource::network;
  int64_t batch = 0, neighbours = 0;
  double noise_floor = 0;                              ///< smallest share of wrong labels to assume
  ShapeEffort quick{.networks = 1, .steps = 400};      ///< while channels are compared
  ShapeEffort thorough{.networks = 2, .steps = 1000};  ///< with the channel that was chosen
  Device device = Device::cpu;
  int threads = 0;
  uint64_t seed = 0;
  std::function<void(const std::string&)> message;            ///< a line of what was found
  std::function<void(int64_t done, int64_t total)> progress;  ///< in steps of shape networks
};

/// Trains shape networks on the landmarks of `faces`, except invalid ones, and estimates the
/// channel of faces.given with them: no noise, one rate or a full matrix, whichever best predicts
/// the given labels of faces that it was not fitted to. The same bits for the same arguments on one
/// machine.
LabelKnowledge learn_label_knowledge(const Faces& faces, const LabelKnowledgeOptions& options);

/// [N, C], p(true class | landmarks, given label) of each face.
std::vector<double> label_posterior(const LabelKnowledge& knowledge,
                                    std::span<const int32_t> given);

/// Fixes each face's target at its most probable class given shape and label: the rival that
/// corrects labels once, before training.
LabelKnowledge corrected_once(const LabelKnowledge& knowledge, std::span<const int32_t> given);

/// The channel as a table: a row for each true class, a column for each given label.
std::string channel_csv(const NoiseChannel& channel, std::span<const std::string> classes);

}  // namespace lanet
