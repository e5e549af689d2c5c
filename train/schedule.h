// The learning rate over a run.
#pragma once

#include "train/config/config.h"

namespace lanet {

/// Of step `step`, from 0, in a run of train.epochs epochs with steps_per_epoch steps each. During
/// the first W = train.warmup_epochs·steps_per_epoch steps, where W need not be a whole number, it
/// rises linearly from 0 to train.learning_rate, which it has at step W. From there it falls to 0
/// at the end of the run: linearly, or along half a cosine. warmup_epochs < epochs.
double scheduled_learning_rate(const TrainConfig& train, int64_t steps_per_epoch, int64_t step);

}  // namespace lanet
