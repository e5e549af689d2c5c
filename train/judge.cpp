#include "train/judge.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "models/rivals.h"

namespace lanet {

namespace {

bool truth_is_known(const Config& config) {
  return config.data.noise.planted() || !config.data.true_labels.empty();
}

/// Of two distributions, in nats.
double jensen_shannon(std::span<const double> p, std::span<const double> q) {
  double sum = 0;
  for (size_t c = 0; c < p.size(); ++c) {
    const double middle = (p[c] + q[c]) / 2;
    if (p[c] > 0) sum += p[c] * std::log(p[c] / middle) / 2;
    if (q[c] > 0) sum += q[c] * std::log(q[c] / middle) / 2;
  }
  return sum;
}

LabelFigures judge_labels(Context& context, Trainer& trainer, std::span<const double> estimates) {
  const Faces& faces = trainer.training_faces();
  const std::span<const int32_t> given = faces.given;
  std::vector<int32_t> rows;               // of the faces with a wrong label
  std::array<std::vector<int32_t>, 2> by;  // what these were given, and what they are
  for (int64_t i = 0; i < faces.size(); ++i) {
    if (given[i] == faces.judged_by[i]) continue;
    rows.push_back(static_cast<int32_t>(i));
    by[0].push_back(given[i]);
    by[1].push_back(faces.judged_by[i]);
  }
  const std::vector<Confusion> confusions =
      trainer.evaluator().evaluate(context, faces.set, rows, by);
  LabelFigures figures{.memorised = confusions[0].accuracy(),
                       .corrected = confusions[1].accuracy()};
  if (!estimates.empty()) figures.estimates = judge_estimates(estimates, given, faces.judged_by);
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
  std::array<int64_t, 2> labels = {}, changed = {};  // that are right, that are wrong
  for (int64_t i = 0; i < std::ssize(given); ++i) {
    const std::span<const double> row = estimates.subspan(i * classes, classes);
    const auto largest = std::max_element(row.begin(), row.end()) - row.begin();
    right += largest == truth[i];
    ++labels[given[i] != truth[i]];
    changed[given[i] != truth[i]] += largest != given[i];
    doubts.push_back(1 - row[given[i]]);
    wrong.push_back(given[i] != truth[i]);
  }
  return {.accuracy = static_cast<double>(right) / static_cast<double>(given.size()),
          .average_precision = average_precision(doubts, wrong),
          .found = static_cast<double>(changed[1]) / static_cast<double>(labels[1]),
          .doubted = static_cast<double>(changed[0]) / static_cast<double>(labels[0])};
}

EstimateHealth estimate_health(std::span<const double> estimates, std::span<const int32_t> given,
                               double confidence) {
  const auto faces = static_cast<int64_t>(given.size());
  LANET_REQUIRE(faces > 0 && std::ssize(estimates) % faces == 0, "{} estimates of {} faces",
                estimates.size(), faces);
  const int64_t classes = std::ssize(estimates) / faces;
  std::vector<double> mean(classes);
  for (int64_t i = 0; i < faces; ++i)
    for (int64_t c = 0; c < classes; ++c)
      mean[c] += estimates[i * classes + c] / static_cast<double>(faces);
  EstimateHealth health;
  const double share = 1 / static_cast<double>(faces);
  for (int64_t i = 0; i < faces; ++i) {
    const std::span<const double> row = estimates.subspan(i * classes, classes);
    const auto largest = std::max_element(row.begin(), row.end());
    health.confident += *largest >= confidence ? share : 0;
    health.changed += largest - row.begin() != given[i] ? share : 0;
    for (int64_t c = 0; c < classes; ++c) health.spread += std::abs(row[c] - mean[c]) / 2 * share;
  }
  return health;
}

VoteDistances vote_distances(std::span<const double> estimates, std::span<const int32_t> given,
                             std::span<const double> votes) {
  const auto faces = static_cast<int64_t>(given.size());
  LANET_REQUIRE(faces > 0 && std::ssize(votes) % faces == 0 &&
                    (estimates.empty() || estimates.size() == votes.size()),
                "{} estimates and {} votes of {} faces", estimates.size(), votes.size(), faces);
  const int64_t classes = std::ssize(votes) / faces;
  std::vector<double> one_hot(classes), smoothed(classes);
  VoteDistances sums;
  for (int64_t i = 0; i < faces; ++i) {
    const std::span<const double> row = votes.subspan(i * classes, classes);
    for (int64_t c = 0; c < classes; ++c) {
      one_hot[c] = c == given[i];
      smoothed[c] =
          (1 - kLabelSmoothing) * one_hot[c] + kLabelSmoothing / static_cast<double>(classes);
    }
    sums.given += jensen_shannon(row, one_hot);
    sums.smoothed += jensen_shannon(row, smoothed);
    if (!estimates.empty())
      sums.estimates += jensen_shannon(row, estimates.subspan(i * classes, classes));
  }
  const auto count = static_cast<double>(faces);
  return {.estimates =
              estimates.empty() ? std::numeric_limits<double>::quiet_NaN() : sums.estimates / count,
          .given = sums.given / count,
          .smoothed = sums.smoothed / count};
}

Judgement judge(Context& context, const Config& config, Trainer& trainer, const Faces& validation) {
  Judgement judgement{.test = trainer.evaluate()};
  if (validation.size() > 0)
    judgement.validation =
        trainer.evaluator().evaluate(context, validation.set, validation.judged_by);
  const std::vector<double> estimates = trainer.label_estimates();
  if (truth_is_known(config)) judgement.labels = judge_labels(context, trainer, estimates);
  const Faces& faces = trainer.training_faces();
  if (!faces.votes.empty()) judgement.votes = vote_distances(estimates, faces.given, faces.votes);
  if (estimates.empty()) return judgement;
  judgement.estimates = estimate_health(estimates, faces.given, config.model.confidence);
  judgement.estimates->neighbour_entropy = trainer.neighbour_entropy();
  return judgement;
}

}  // namespace lanet
