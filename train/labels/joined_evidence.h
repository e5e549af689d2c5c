// What pictures, landmarks and given labels say together of the true class of each face
// (docs/design.md, "Held-out pictures").
#pragma once

#include <span>
#include <string>
#include <vector>

#include "train/labels/label_knowledge.h"

namespace lanet {

struct JoinedEvidence {
  NoiseChannel channel;           ///< [C, C]
  std::vector<double> posterior;  ///< [N, C], p(true class | picture, landmarks, given label)
  std::string summary;            ///< a line: the weights and the channel that were chosen
};

/// pictures: [N, C], probabilities by networks that have seen neither the face nor its label.
/// given: [N]. Chooses how much pictures and shapes count, and then the channel, by how likely
/// they make the given labels. noise_floor: smallest share of wrong labels to assume.
JoinedEvidence join_evidence(std::span<const double> pictures, const LabelKnowledge& knowledge,
                             std::span<const int32_t> given, double noise_floor);

}  // namespace lanet
