#include "train/judge.h"

#include <algorithm>
#include <array>

namespace lanet {

namespace {

bool truth_is_known(const Config& config) {
  return config.data.noise.rate > 0 || !config.data.true_labels.empty();
}

LabelFigures judge_labels(Context& context, Trainer& trainer) {
  const Faces& faces = trainer.training_faces();
  const std::span<const int32_t> given = trainer.given_labels();
  std::vector<int32_t> rows;               // of the faces with a wrong label
  std::array<std::vector<int32_t>, 2> by;  // what these were given, and what they are
  for (int64_t i = 0; i < faces.size(); ++i) {
    if (given[i] == faces.judged_by[i]) continue;
    rows.push_back(static_cast<int32_t>(i));
    by[0].push_back(given[i]);
    by[1].push_back(faces.judged_by[i]);
  }
  const std::vector<Confusion> confusions =
      trainer.evaluator().evaluate(context, faces.set.images, rows, by);
  LabelFigures figures{.memorised = confusions[0].accuracy(),
                       .corrected = confusions[1].accuracy()};
  if (const std::vector<double> estimates = trainer.label_estimates(); !estimates.empty())
    figures.estimates = judge_estimates(estimates, given, faces.judged_by);
  return figures;
}

}  // namespace

LabelFigures::Estimates judge_estimates(std::span<const double> estimates,
                                        std::span<const int32_t> given,
                                        std::span<const int32_t> truth) {
  LANET_REQUIRE(
      !given.empty() && given.size() == truth.size() && estimates.size() % given.size() == 0,
      "{} estimates of {} faces with {} true labels", estimates.size(), given.size(), truth.size());
  const auto classes = static_cast<int64_t>(estimates.size() / given.size());
  std::vector<double> doubts;
  std::vector<uint8_t> wrong;
  int64_t right = 0;
  for (int64_t i = 0; i < std::ssize(given); ++i) {
    const std::span<const double> row = estimates.subspan(i * classes, classes);
    right += std::max_element(row.begin(), row.end()) - row.begin() == truth[i];
    doubts.push_back(1 - row[given[i]]);
    wrong.push_back(given[i] != truth[i]);
  }
  return {.accuracy = static_cast<double>(right) / static_cast<double>(given.size()),
          .average_precision = average_precision(doubts, wrong)};
}

Judgement judge(Context& context, const Config& config, Trainer& trainer, const Faces& validation) {
  Judgement judgement{.test = trainer.evaluate()};
  if (validation.size() > 0)
    judgement.validation =
        trainer.evaluator().evaluate(context, validation.set.images, validation.judged_by);
  if (truth_is_known(config)) judgement.labels = judge_labels(context, trainer);
  return judgement;
}

}  // namespace lanet
