#include "train/commands/loaded_classifier.h"

#include <nlohmann/json.hpp>
#include <numeric>

#include "train/config/config.h"

namespace lanet {

Config own_config(const TrainedModel& model, const std::vector<std::string>& overrides) {
  Config config = model.info.config;
  config.data.cache.clear();
  config.data.residency = {};
  config = parse_config(to_json(config).dump(), model.path, overrides);
  if (config.train.dtype == DTypeSetting::automatic)
    throw InputError("train.dtype: \"auto\" is for training; expected f32, bf16 or f64");
  return config;
}

LoadedClassifier::LoadedClassifier(Context& context, const TrainedModel& model,
                                   const Config& config, int64_t batch)
    : store(activation_dtype(config), context.device()),
      evaluator(store, config.model.backbone, std::ssize(model.info.classes),
                config.data.image_size, batch),
      image_size(static_cast<int>(config.data.image_size)) {
  store.allocate(context, /*for_training=*/false);
  load_parameters(context, model.checkpoint, model.path, store);
  evaluator.plan(context);
}

std::vector<ClassifiedPicture> LoadedClassifier::classify(Context& context, int64_t count,
                                                          const PictureSource& picture,
                                                          std::vector<float>* features) {
  const ImageSet set = load_images(context, count, picture, image_size);
  std::vector<int32_t> rows(set.size());
  std::iota(rows.begin(), rows.end(), 0);
  const std::vector<double> p = evaluator.probabilities(context, set, rows, features);
  const int64_t classes = rows.empty() ? 0 : std::ssize(p) / set.size();
  std::vector<ClassifiedPicture> answers(count);
  for (const BadImage& bad : set.bad) answers[bad.index].problem = bad.message;
  auto next = p.begin();
  for (ClassifiedPicture& answer : answers) {
    if (!answer.problem.empty()) continue;
    answer.probabilities.assign(next, next + classes);
    next += classes;
  }
  return answers;
}

}  // namespace lanet
