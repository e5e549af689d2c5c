#include "train/schedule.h"

#include <cmath>
#include <numbers>

namespace lanet {

double scheduled_learning_rate(const TrainConfig& train, int64_t steps_per_epoch, int64_t step) {
  const double now = static_cast<double>(step);
  const double total = static_cast<double>(steps_per_epoch * train.epochs);
  const double warmup = train.warmup_epochs * static_cast<double>(steps_per_epoch);
  if (now < warmup) return train.learning_rate * (now / warmup);
  const double done = (now - warmup) / (total - warmup);
  if (train.schedule == Schedule::cosine)
    return train.learning_rate * (1 + std::cos(std::numbers::pi * done)) / 2;
  return train.learning_rate * (1 - done);
}

}  // namespace lanet
