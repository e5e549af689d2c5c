#include "train/label_knowledge.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "data/landmarks.h"
#include "train/shape_posterior.h"

namespace lanet {

namespace {

constexpr ShapeEffort kQuick{.networks = 1, .steps = 400};   // while channels are compared
constexpr ShapeEffort kFinal{.networks = 2, .steps = 1000};  // with the channel that was chosen
constexpr int kRounds = 3;                                   // of networks and channel in turn
constexpr double kSymmetricStart = 0.2;
constexpr double kAnchorShare = 0.05;

/// A channel, and how well it foretells the labels of faces that its networks have not seen.
struct Candidate {
  std::string name;
  NoiseChannel channel;
  int64_t parameters = 0;
  double likelihood = 0;  // the mean over faces
};

/// Takes channels and networks in turn, over the faces with landmarks.
class ChannelSearch {
 public:
  ChannelSearch(const LandmarkShapes& shapes, const Faces& faces,
                const LabelKnowledgeOptions& options)
      : options_(options),
        valid_(faces.valid),
        networks_(shapes, faces.valid, options.given, kNumExpressions, options.seed, options.device,
                  options.threads),
        total_((1 + 2 * kRounds) * networks_.steps(kQuick) + networks_.steps(kFinal)) {
    for (size_t i = 0; i < valid_.size(); ++i)
      if (valid_[i]) given_.push_back(options.given[i]);
  }

  Candidate choose() {
    constexpr int64_t kFree = kNumExpressions * (kNumExpressions - 1);
    const NoiseChannel none = symmetric_channel(kNumExpressions, 0);
    const std::vector<double> plain = valid_rows(cross_fit(none, kQuick));
    std::vector<Candidate> candidates = {
        {"none", none, 0, log_likelihood(plain, given_, none)},
        alternate("symmetric", symmetric_channel(kNumExpressions, kSymmetricStart),
                  ChannelForm::symmetric, 1),
        alternate("full", anchor_channel(plain, given_, kNumExpressions, kAnchorShare),
                  ChannelForm::full, kFree)};
    const auto cost = [&](const Candidate& c) {
      const auto n = static_cast<double>(given_.size());
      return static_cast<double>(c.parameters) * std::log(n) / 2 - n * c.likelihood;
    };
    for (const Candidate& c : candidates)
      options_.message(fmt::format("channel {}: likelihood {:.4f}, cost {:.1f}, rate {:.3f}", c.name,
                                   c.likelihood, cost(c),
                                   1 - trace(c.channel) / kNumExpressions));
    return *std::min_element(
        candidates.begin(), candidates.end(),
        [&](const Candidate& a, const Candidate& b) { return cost(a) < cost(b); });
  }

  /// [N, C]
  std::vector<double> cross_fit(const NoiseChannel& channel, const ShapeEffort& effort) {
    auto posteriors = networks_.cross_fit(channel, effort, [&](int64_t step) {
      if (options_.progress) options_.progress(done_ + step, total_);
    });
    done_ += networks_.steps(effort);
    return posteriors;
  }

  /// The rows of [N, C] that belong to faces with landmarks.
  std::vector<double> valid_rows(const std::vector<double>& rows) const {
    std::vector<double> kept;
    for (size_t i = 0; i < valid_.size(); ++i)
      if (valid_[i])
        kept.insert(kept.end(), rows.begin() + i * kNumExpressions,
                    rows.begin() + (i + 1) * kNumExpressions);
    return kept;
  }
  const std::vector<int32_t>& given() const { return given_; }

 private:
  static double trace(const NoiseChannel& channel) {
    double sum = 0;
    for (int64_t y = 0; y < kNumExpressions; ++y) sum += channel[y * kNumExpressions + y];
    return sum;
  }

  Candidate alternate(const std::string& name, NoiseChannel channel, ChannelForm form,
                      int64_t parameters) {
    std::vector<double> posteriors;
    for (int round = 0; round < kRounds; ++round) {
      posteriors = valid_rows(cross_fit(channel, kQuick));
      channel = fit_channel(posteriors, given_, channel, form);
    }
    return {name, channel, parameters, log_likelihood(posteriors, given_, channel)};
  }

  const LabelKnowledgeOptions& options_;
  std::span<const uint8_t> valid_;
  std::vector<int32_t> given_;  // of the faces with landmarks
  ShapePosterior networks_;
  int64_t done_ = 0, total_;  // steps
};

}  // namespace

LabelKnowledge learn_label_knowledge(const Faces& faces, const LabelKnowledgeOptions& options) {
  constexpr int64_t kC = kNumExpressions;
  const LandmarkShapes shapes = landmark_shapes(faces.landmarks, faces.valid, kFlipPermutation);
  ChannelSearch search(shapes, faces, options);
  const Candidate found = search.choose();
  const std::vector<double> posteriors = search.cross_fit(found.channel, kFinal);
  const std::vector<double> valid = search.valid_rows(posteriors);
  LabelKnowledge knowledge{.channel = found.channel,
                           .prior = class_prior(valid, search.given(), found.channel)};
  for (size_t i = 0; i < options.given.size(); ++i)
    for (int64_t y = 0; y < kC; ++y)
      knowledge.log_ratio.push_back(
          faces.valid[i] ? std::log(std::max(posteriors[i * kC + y], 1e-6) / knowledge.prior[y]) : 0);
  options.message(fmt::format("noise: {} channel, {:.1f} % of the given labels look wrong", found.name,
                              100 * noise_rate(valid, search.given(), found.channel)));
  return knowledge;
}

}  // namespace lanet
