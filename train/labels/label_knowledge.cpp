#include "train/labels/label_knowledge.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.h"
#include "data/csv.h"
#include "train/labels/shape_votes.h"

namespace lanet {

namespace {

constexpr int kRounds = 3;  // of networks and channel in turn
constexpr double kSymmetricStart = 0.2;
constexpr double kAnchorShare = 0.05;
constexpr double kSmallestPosterior = 1e-6;  // what a shape says against a class has an end

/// What the posteriors are made with; where they serve the prior alone, little will do.
const ShapeEffort& thorough(const LabelKnowledgeOptions& options) {
  return options.shapes == ShapeSource::network ? options.thorough : options.quick;
}

/// A channel, and how well it foretells the labels of faces that its networks have not seen.
struct Candidate {
  std::string name;
  NoiseChannel channel;
  double likelihood = 0;  // the mean over faces that it was not fitted to
  double rate = 0;        // of wrong labels
};

/// Takes channels and networks in turn, over the faces with landmarks.
class ChannelSearch {
 public:
  ChannelSearch(const LandmarkShapes& shapes, const Faces& faces,
                const LabelKnowledgeOptions& options)
      : options_(options),
        classes_(faces.list.num_classes()),
        valid_(faces.valid),
        networks_(shapes, faces.valid, faces.given, classes_, options.seed, options.device,
                  options.threads),
        total_((1 + 2 * kRounds) * networks_.steps(options_.quick) +
               networks_.steps(thorough(options))) {
    for (size_t i = 0; i < valid_.size(); ++i)
      if (valid_[i]) given_.push_back(faces.given[i]);
  }

  Candidate choose() {
    const NoiseChannel none = symmetric_channel(classes_, 0);
    const std::vector<double> plain = valid_rows(cross_fit(none, options_.quick));
    const std::vector<Candidate> candidates = {
        {"none", none, log_likelihood(plain, given_, none), 0},
        alternate("symmetric", symmetric_channel(classes_, kSymmetricStart),
                  ChannelForm::symmetric),
        alternate("full", anchor_channel(plain, given_, classes_, kAnchorShare),
                  ChannelForm::full)};
    return *std::max_element(
        candidates.begin(), candidates.end(),
        [&](const Candidate& a, const Candidate& b) { return a.likelihood < b.likelihood; });
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
        kept.insert(kept.end(), rows.begin() + i * classes_, rows.begin() + (i + 1) * classes_);
    return kept;
  }
  const std::vector<int32_t>& given() const { return given_; }

 private:
  Candidate alternate(const std::string& name, NoiseChannel channel, ChannelForm form) {
    Candidate candidate{name, std::move(channel)};
    for (int round = 0; round < kRounds; ++round) {
      const std::vector<double> posteriors =
          valid_rows(cross_fit(candidate.channel, options_.quick));
      if (round == kRounds - 1)
        candidate.likelihood = held_out_likelihood(posteriors, given_, candidate.channel, form);
      candidate.channel = fit_channel(posteriors, given_, candidate.channel, form);
      candidate.rate = noise_rate(posteriors, given_, candidate.channel);
    }
    return candidate;
  }

  const LabelKnowledgeOptions& options_;
  int64_t classes_;
  std::span<const uint8_t> valid_;
  std::vector<int32_t> given_;  // of the faces with landmarks
  ShapePosterior networks_;
  int64_t done_ = 0, total_;  // steps
};

/// [N, C], by the networks of `search` or by votes.
std::vector<double> posteriors_of(const LandmarkShapes& shapes, const Faces& faces,
                                  const LabelKnowledgeOptions& options, const NoiseChannel& channel,
                                  ChannelSearch& search) {
  if (options.shapes == ShapeSource::network || options.shapes == ShapeSource::none)
    return search.cross_fit(channel, thorough(options));
  Context context(options.device, options.threads);
  ShapeVoteOptions vote{.seed = options.seed};
  if (options.shapes == ShapeSource::batch) {
    vote.neighbours = options.neighbours;
    vote.group = options.batch;
  }
  return shape_votes(context, shapes, faces.valid, faces.given, channel, vote);
}

}  // namespace

LabelKnowledge learn_label_knowledge(const Faces& faces, const LabelKnowledgeOptions& options) {
  const int64_t classes = faces.list.num_classes();
  const LandmarkShapes shapes =
      landmark_shapes(faces.landmarks, faces.valid, flip_permutation(faces.num_landmarks()));
  ChannelSearch search(shapes, faces, options);
  const Candidate found = search.choose();
  const NoiseChannel channel = with_floor(found.channel, found.rate, options.noise_floor);
  const std::vector<double> posteriors = posteriors_of(shapes, faces, options, channel, search);
  LabelKnowledge knowledge{
      .channel = channel,
      .prior = class_prior(search.valid_rows(posteriors), search.given(), channel),
      .log_ratio = std::vector<double>(posteriors.size())};
  for (size_t i = 0; i < posteriors.size(); ++i)
    if (options.shapes != ShapeSource::none && faces.valid[i / classes])
      knowledge.log_ratio[i] =
          std::log(std::max(posteriors[i], kSmallestPosterior) / knowledge.prior[i % classes]);
  std::string line = found.rate == 0
                         ? "noise: no wrong labels found"
                         : fmt::format("noise: {} channel, {:.1f} % of the given labels look wrong",
                                       found.name, 100 * found.rate);
  if (found.rate < options.noise_floor)
    line += fmt::format("; {:.1f} % are assumed (model.noise_floor)", 100 * options.noise_floor);
  options.message(line);
  return knowledge;
}

std::vector<double> label_posterior(const LabelKnowledge& knowledge,
                                    std::span<const int32_t> given) {
  const int64_t classes = std::ssize(knowledge.prior);
  std::vector<double> posterior(given.size() * classes);
  for (size_t i = 0; i < given.size(); ++i) {
    const std::span<double> row = std::span(posterior).subspan(i * classes, classes);
    for (int64_t y = 0; y < classes; ++y)
      row[y] = std::log(knowledge.prior[y] * knowledge.channel[y * classes + given[i]]) +
               knowledge.log_ratio[i * classes + y];
    const double largest = *std::max_element(row.begin(), row.end());
    double sum = 0;
    for (double& p : row) sum += p = std::exp(p - largest);
    for (double& p : row) p /= sum;
  }
  return posterior;
}

LabelKnowledge corrected_once(const LabelKnowledge& knowledge, std::span<const int32_t> given) {
  const int64_t classes = std::ssize(knowledge.prior);
  const double share = 1.0 / static_cast<double>(classes);
  LabelKnowledge corrected{
      .channel = NoiseChannel(classes * classes, share),  // labels say nothing more
      .prior = knowledge.prior,
      .log_ratio =
          std::vector<double>(given.size() * classes, -std::numeric_limits<double>::infinity())};
  const std::vector<double> posterior = label_posterior(knowledge, given);
  for (size_t i = 0; i < given.size(); ++i) {
    const auto row = posterior.begin() + static_cast<ptrdiff_t>(i) * classes;
    corrected.log_ratio[i * classes + (std::max_element(row, row + classes) - row)] = 0;
  }
  return corrected;
}

std::string channel_csv(const NoiseChannel& channel, std::span<const std::string> classes) {
  std::string text = "true_label";
  for (const std::string& name : classes) text += fmt::format(",{}", csv_field(name));
  text += "\n";
  for (size_t y = 0; y < classes.size(); ++y) {
    text += csv_field(classes[y]);
    for (size_t g = 0; g < classes.size(); ++g)
      text += fmt::format(",{:.4f}", channel[y * classes.size() + g]);
    text += "\n";
  }
  return text;
}

}  // namespace lanet
