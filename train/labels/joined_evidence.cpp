#include "train/labels/joined_evidence.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "core/error.h"

namespace lanet {

namespace {

// Both are evidence of one face, and a network's confidence is not its accuracy: neither is taken
// at its word.
constexpr std::array kPictureWeights = {0.0, 0.25, 0.5, 1.0, 1.5};
constexpr std::array kShapeWeights = {0.0, 0.5, 1.0, 1.5};
constexpr double kLeastProbability = 1e-9;
constexpr double kAnchorShare = 0.05;
constexpr double kSymmetricStart = 0.2;

/// [N, C], log(p(class | picture) / p(class)), where p(class) is the mean over faces.
std::vector<double> picture_ratios(std::span<const double> pictures, int64_t classes) {
  const auto faces = static_cast<int64_t>(pictures.size()) / classes;
  std::vector<double> mean(classes, kLeastProbability), ratios(pictures.size());
  for (size_t i = 0; i < pictures.size(); ++i)
    mean[i % classes] += pictures[i] / static_cast<double>(faces);
  for (size_t i = 0; i < pictures.size(); ++i)
    ratios[i] = std::log(std::max(pictures[i], kLeastProbability) / mean[i % classes]);
  return ratios;
}

void normalise(std::span<double> row) {
  double sum = 0;
  for (const double p : row) sum += p;
  for (double& p : row) p /= sum;
}

/// [N, C], p(class | picture, shape), the prior times both ratios to these powers.
std::vector<double> weighted(std::span<const double> picture_ratios, double picture_weight,
                             const LabelKnowledge& knowledge, double shape_weight) {
  const int64_t classes = std::ssize(knowledge.prior);
  std::vector<double> joined(picture_ratios.size());
  for (size_t i = 0; i < joined.size(); i += classes) {
    const std::span<double> row = std::span(joined).subspan(i, classes);
    for (int64_t c = 0; c < classes; ++c)
      row[c] = std::log(knowledge.prior[c]) + picture_weight * picture_ratios[i + c] +
               shape_weight * knowledge.log_ratio[i + c];
    const double largest = *std::max_element(row.begin(), row.end());
    for (double& p : row) p = std::exp(p - largest);
    normalise(row);
  }
  return joined;
}

struct Candidate {
  std::string name;
  NoiseChannel channel;
  double likelihood;
};

}  // namespace

JoinedEvidence join_evidence(std::span<const double> pictures, const LabelKnowledge& knowledge,
                             std::span<const int32_t> given, double noise_floor) {
  const int64_t classes = std::ssize(knowledge.prior);
  LANET_REQUIRE(
      pictures.size() == given.size() * classes && pictures.size() == knowledge.log_ratio.size(),
      "{} probabilities and {} ratios of {} faces in {} classes", pictures.size(),
      knowledge.log_ratio.size(), given.size(), classes);
  const std::vector<double> ratios = picture_ratios(pictures, classes);
  std::vector<double> joined;
  double likelihood = -std::numeric_limits<double>::infinity(), of_picture = 0, of_shape = 0;
  for (const double picture : kPictureWeights)
    for (const double shape : kShapeWeights) {
      std::vector<double> tried = weighted(ratios, picture, knowledge, shape);
      const double found = log_likelihood(tried, given, knowledge.channel);
      if (found <= likelihood) continue;
      likelihood = found;
      of_picture = picture;
      of_shape = shape;
      joined = std::move(tried);
    }

  std::vector<Candidate> candidates = {{"that of the landmarks", knowledge.channel, likelihood}};
  const auto add = [&](const std::string& name, const NoiseChannel& start, ChannelForm form) {
    candidates.push_back({name, fit_channel(joined, given, start, form),
                          held_out_likelihood(joined, given, start, form)});
  };
  add("symmetric", symmetric_channel(classes, kSymmetricStart), ChannelForm::symmetric);
  add("full", anchor_channel(joined, given, classes, kAnchorShare), ChannelForm::full);
  Candidate& chosen =
      *std::max_element(candidates.begin(), candidates.end(),
                        [](const auto& a, const auto& b) { return a.likelihood < b.likelihood; });
  const double rate = noise_rate(joined, given, chosen.channel);
  JoinedEvidence evidence{
      .channel = with_floor(chosen.channel, rate, noise_floor),
      .posterior = std::move(joined),
      .summary = fmt::format("joined: pictures^{} shapes^{}, channel: {}, {:.1f} % "
                             "of the given labels look wrong",
                             of_picture, of_shape, chosen.name, 100 * rate)};
  for (size_t i = 0; i < given.size(); ++i) {
    const std::span<double> row = std::span(evidence.posterior).subspan(i * classes, classes);
    for (int64_t c = 0; c < classes; ++c) row[c] *= evidence.channel[c * classes + given[i]];
    normalise(row);
  }
  return evidence;
}

}  // namespace lanet
