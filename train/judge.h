// What is measured of a network after each epoch: on faces that it is not trained on, and on those
// whose training label is known to be wrong.
#pragma once

#include <optional>

#include "train/trainer.h"

namespace lanet {

/// What became of the training labels, where the truth is known: wrong labels were planted
/// (data.noise.rate above 0), or data.true_labels names a second list.
struct LabelFigures {
  // Of the faces with a wrong label, as the network sees them without augmentation; NaN if there
  // are none.
  double memorised = 0;  ///< share predicted as labelled
  double corrected = 0;  ///< share predicted as what they are
  /// Of all training faces, for a model with label estimates.
  struct Estimates {
    double accuracy = 0;  ///< share whose largest estimate (the first of equals) is the truth
    /// average_precision() of 1 − estimate of the given label as a detector of wrong labels.
    double average_precision = 0;
  };
  std::optional<Estimates> estimates;
};

struct Judgement {
  Confusion test;
  std::optional<Confusion> validation;  ///< with data.validation
  std::optional<LabelFigures> labels;   ///< where the truth is known
};

/// Of the trainer's network as it stands. Nothing of it is trained with. All ranks do it together,
/// and get the same. `validation`: faces that were split off; may be empty.
Judgement judge(Context& context, const Config& config, Trainer& trainer, const Faces& validation);

/// estimates: [N, C], a distribution for each face; given and truth: [N].
LabelFigures::Estimates judge_estimates(std::span<const double> estimates,
                                        std::span<const int32_t> given,
                                        std::span<const int32_t> truth);

}  // namespace lanet
