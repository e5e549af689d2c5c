#include "train/commands/loaded_classifier.h"

#include <nlohmann/json.hpp>

#include "train/config/config.h"

namespace lanet {

Config own_config(const TrainedModel& model, const std::vector<std::string>& overrides) {
  Config config = model.info.config;
  config.data.cache.clear();
  config.data.residency = {};
  return parse_config(to_json(config).dump(), model.path, overrides);
}

LoadedClassifier::LoadedClassifier(Context& context, const TrainedModel& model,
                                   const Config& config, int64_t batch)
    : store(config.train.dtype, context.device()),
      evaluator(store, config.model.backbone, std::ssize(model.info.classes),
                config.data.image_size, batch) {
  store.allocate(context, /*for_training=*/false);
  load_parameters(context, model.checkpoint, model.path, store);
  evaluator.plan(context);
}

}  // namespace lanet
