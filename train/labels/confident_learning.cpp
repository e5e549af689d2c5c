#include "train/labels/confident_learning.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "data/validation.h"
#include "train/labels/noise_channel.h"
#include "train/trainer.h"

namespace lanet {

std::vector<double> cross_validated_probabilities(
    const Config& config, const Faces& faces, Device device, int threads, PlanTable* plans,
    const std::function<void(int64_t done, int64_t total)>& progress) {
  Config plain = config;
  plain.method = Method::baseline;
  plain.train.sampler = Sampler::given;
  plain.train.epochs = std::max<int64_t>(1, config.train.epochs / kImageFolds);
  plain.train.warmup_epochs = config.train.warmup_epochs / kImageFolds;
  const int64_t classes = faces.list.num_classes();
  std::vector<double> probabilities(faces.size() * classes);
  int64_t done = 0;
  for (int fold = 0; fold < kImageFolds; ++fold) {
    Context context(device, threads);
    context.set_tf32(config.train.tf32);
    if (plans) context.set_plans(plans);
    Faces rest = faces;
    const std::vector<int32_t> positions =
        draw_fold(faces.size(), fold, kImageFolds, static_cast<uint64_t>(plain.seed));
    const Faces held_out = split_off(rest, positions);
    Trainer trainer(context, plain, std::move(rest), Faces{});
    trainer.initialise([](const std::string&) {});
    const int64_t pictures = trainer.steps_per_epoch() * plain.train.batch;
    const int64_t total = kImageFolds * plain.train.epochs * pictures;
    for (int64_t epoch = 0; epoch < plain.train.epochs; ++epoch) {
      trainer.run_epoch([&](int64_t step, double) {
        if (progress) progress(std::min(done + step * plain.train.batch, total), total);
        return true;
      });
      done += pictures;
    }
    std::vector<int32_t> all(held_out.size());
    std::iota(all.begin(), all.end(), 0);
    const std::vector<double> rows = trainer.evaluator().probabilities(context, held_out.set, all);
    for (size_t i = 0; i < positions.size(); ++i)
      std::copy_n(rows.begin() + i * classes, classes,
                  probabilities.begin() + positions[i] * classes);
  }
  return probabilities;
}

std::vector<uint8_t> confidently_wrong(std::span<const double> probabilities,
                                       std::span<const int32_t> given, int64_t classes) {
  const int64_t faces = std::ssize(given);
  LANET_REQUIRE(std::ssize(probabilities) == faces * classes,
                "{} probabilities of {} faces in {} classes", probabilities.size(), faces, classes);
  std::vector<double> thresholds(classes), counts(classes);
  for (int64_t i = 0; i < faces; ++i) {
    thresholds[given[i]] += probabilities[i * classes + given[i]];
    ++counts[given[i]];
  }
  for (int64_t c = 0; c < classes; ++c)  // a class that nobody was given is never confident
    thresholds[c] = counts[c] > 0 ? thresholds[c] / counts[c] : 2;
  std::vector<uint8_t> wrong(faces);
  for (int64_t i = 0; i < faces; ++i) {
    const double* p = probabilities.data() + i * classes;
    int64_t best = -1;
    for (int64_t c = 0; c < classes; ++c)
      if (p[c] >= thresholds[c] && (best < 0 || p[c] > p[best])) best = c;
    wrong[i] = best >= 0 && best != given[i];
  }
  return wrong;
}

LabelKnowledge without_wrong(std::span<const uint8_t> wrong, std::span<const int32_t> given,
                             int64_t classes) {
  const double share = 1.0 / static_cast<double>(classes);
  LabelKnowledge knowledge{.channel = NoiseChannel(classes * classes, share),
                           .prior = std::vector<double>(classes, share),
                           .log_ratio = std::vector<double>(
                               given.size() * classes, -std::numeric_limits<double>::infinity())};
  for (size_t i = 0; i < given.size(); ++i)
    if (!wrong[i]) knowledge.log_ratio[i * classes + given[i]] = 0;
  return knowledge;
}

}  // namespace lanet
