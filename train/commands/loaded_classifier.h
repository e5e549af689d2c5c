// The classifier of a checkpoint, as eval, predict and the library use it.
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

/// What a classifier says of a picture.
struct ClassifiedPicture {
  std::string problem;                ///< why it could not be read, in one line; empty: it was read
  std::vector<double> probabilities;  ///< [C]; empty with a problem
};

/// Ready to run on batches of `batch` pictures.
struct LoadedClassifier {
  LoadedClassifier(Context& context, const TrainedModel& model, const Config& config,
                   int64_t batch);
  /// `count` pictures at once, which are decoded on all threads; one answer for each. To
  /// `features`, if given, those of the readable ones are added, [readable, 512e].
  std::vector<ClassifiedPicture> classify(Context& context, int64_t count,
                                          const PictureSource& picture,
                                          std::vector<float>* features = nullptr);

  ParameterStore store;
  Evaluator evaluator;
  int image_size;
};

}  // namespace lanet
