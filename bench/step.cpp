#include "bench/step.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "train/labels/noise_channel.h"
#include "train/random_faces.h"

namespace lanet::bench {

namespace {

Trainer make_trainer(Context& context, const StepSize& size, bool capture) {
  Faces train = random_faces(context, 2 * size.batch, size.image);
  return Trainer(context, step_config(size), std::move(train), Faces{}, capture);
}

}  // namespace

Config step_config(const StepSize& size) {
  Config config;
  config.model.recipe = choice_from<Recipe>(size.recipe);
  config.model.backbone = choice_from<Backbone>(size.backbone);
  config.data.image_size = size.image;
  config.train.batch = size.batch;
  config.model.bank = std::max(config.model.bank, size.batch);  // a batch enters it at once
  config.train.dtype = choice_from<DTypeSetting>(size.dtype);
  config.train.epochs = 1;
  return config;
}

nlohmann::ordered_json milliseconds(const StepTimes& times) {
  nlohmann::ordered_json line = milliseconds(times.each);
  line["min"] = 1e3 * times.each.least;
  line["max"] = 1e3 * times.most;
  line["mean"] = 1e3 * times.mean;
  return line;
}

RandomTraining::RandomTraining(Context& context, const StepSize& size, bool capture)
    : context_(context), trainer_(make_trainer(context, size, capture)) {
  LabelKnowledge knowledge;  // that helps nobody, as random pictures have no better
  knowledge.channel = symmetric_channel(kNumExpressions, 0.3);
  knowledge.prior.assign(kNumExpressions, 1.0 / kNumExpressions);
  knowledge.log_ratio.assign(trainer_.training_faces().size() * kNumExpressions, 0.0);
  trainer_.initialise([](const std::string&) {});
  if (starts_from_knowledge(step_config(size))) trainer_.start_from(knowledge);
  trainer_.prepare_epoch();
}

StepTimes RandomTraining::steps(int64_t count) {
  constexpr int kWarmUp = 2;
  for (int i = 0; i < kWarmUp; ++i) step();
  Moments moments(context_);
  moments.mark();
  for (int64_t i = 0; i < count; ++i) {
    step();
    moments.mark();
  }
  const std::vector<double> at = moments.seconds();
  std::vector<double> each(static_cast<size_t>(count));
  for (size_t i = 0; i < each.size(); ++i) each[i] = at[i + 1] - at[i];
  StepTimes times{.each = spread_of(each),
                  .most = *std::max_element(each.begin(), each.end()),
                  .mean = at.back() / static_cast<double>(count)};
  times.usual = context_.device() == Device::cuda ? times.mean : times.each.median;
  return times;
}

}  // namespace lanet::bench
