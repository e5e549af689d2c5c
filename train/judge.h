// What is measured of a network after each epoch, on faces that it is not trained on and on those
// whose training label is known to be wrong.
#pragma once

#include <limits>
#include <optional>

#include "train/trainer.h"

namespace lanet {

/// What the network made of the training labels, if the truth is known because wrong labels were
/// planted (data.noise.rate above 0, data.noise.rates or data.noise.file) or data.true_labels names
/// a second list.
struct LabelFigures {
  // Of the faces with a wrong label, as the network sees them without augmentation; NaN if there
  // are none.
  double memorised = 0;  ///< share predicted as labelled
  double corrected = 0;  ///< share predicted as their true class
  /// Of all training faces, for a model with label estimates.
  struct Estimates {
    double accuracy = 0;  ///< share whose largest estimate (the first of equals) is the truth
    /// average_precision() of 1 − estimate of the given label as a detector of wrong labels.
    double average_precision = 0;
    double found = 0;    ///< share of the wrong labels that are not the largest estimate; or NaN
    double doubted = 0;  ///< share of the right labels that are not; NaN if there are none
  };
  std::optional<Estimates> estimates;
};

/// Whether a model's label estimates carry information, whether or not the truth is known.
struct EstimateHealth {
  double confident = 0;  ///< share of faces whose largest probability is at least model.confidence
  double changed = 0;    ///< share whose largest (the first of equals) is not the given label
  /// Mean distance (total variation, 0 to 1) of a face's estimate from the mean of all; 0 if the
  /// estimates of all faces are the same.
  double spread = 0;
  /// Entropy of the neighbours' weights in the last batch, over both spaces, from 0 (one neighbour
  /// has all the weight) to 1 (equal weights); NaN for a model without neighbours.
  double neighbour_entropy = std::numeric_limits<double>::quiet_NaN();
};

/// How far labels are from the votes of several people: Jensen-Shannon divergence in nats, from 0
/// (the same distributions) to ln 2, as a mean over the training faces.
struct VoteDistances {
  double estimates = 0;  ///< of the label estimates; NaN for a model without
  double given = 0;      ///< of the given labels
  double smoothed = 0;   ///< of the given labels with 0.1 of each shared by all classes
};

struct Judgement {
  Confusion test;
  std::optional<Confusion> validation;      ///< with data.validation
  std::optional<LabelFigures> labels;       ///< where the truth is known
  std::optional<EstimateHealth> estimates;  ///< for a model with label estimates
  std::optional<VoteDistances> votes;       ///< with data.votes
};

/// Judges the trainer's network in its current state; training uses none of it. All ranks call this
/// together and get the same. `validation`: the faces that were split off; may be empty.
Judgement judge(Context& context, const Config& config, Trainer& trainer, const Faces& validation);

/// estimates: [N, C], a distribution for each face; given and truth: [N].
LabelFigures::Estimates judge_estimates(std::span<const double> estimates,
                                        std::span<const int32_t> given,
                                        std::span<const int32_t> truth);

/// The same; `confidence`: the least probability that counts as confident. Without neighbours.
EstimateHealth estimate_health(std::span<const double> estimates, std::span<const int32_t> given,
                               double confidence);

/// votes: [N, C], shares; estimates: the same shape, or empty.
VoteDistances vote_distances(std::span<const double> estimates, std::span<const int32_t> given,
                             std::span<const double> votes);

}  // namespace lanet
