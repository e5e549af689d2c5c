// The classifier of a checkpoint, as eval and predict use it.
#pragma once

#include <string>
#include <vector>

#include "core/context.h"
#include "core/parameters.h"
#include "train/commands/session.h"
#include "train/evaluate.h"

namespace lanet {

/// The configuration of a checkpoint under overrides, without what was of the machine that trained.
Config own_config(const TrainedModel& model, const std::vector<std::string>& overrides);

/// Ready to run on batches of `batch` pictures.
struct LoadedClassifier {
  LoadedClassifier(Context& context, const TrainedModel& model, const Config& config,
                   int64_t batch);
  ParameterStore store;
  Evaluator evaluator;
};

}  // namespace lanet
