#include "train/labels/noise_channel.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/error.h"

namespace lanet {

namespace {

constexpr int kMaxRounds = 300;
constexpr double kConverged = 1e-5;
constexpr int64_t kParts = 5;            // of the faces, to hold one of them out
constexpr double kSmallestEntry = 1e-4;  // of an estimated channel: nothing is impossible
// Upper bound of a symmetric rate. With few faces EM would run to (C − 1)/C, where labels say
// nothing.
constexpr double kLargestRate = 0.6;

int64_t class_count(std::span<const double> posteriors, std::span<const int32_t> given) {
  LANET_REQUIRE(!given.empty() && posteriors.size() % given.size() == 0,
                "{} posteriors of {} faces", posteriors.size(), given.size());
  return static_cast<int64_t>(posteriors.size() / given.size());
}

/// Σ over faces of the posterior of the true class y, [C, C] by (y, given label).
std::vector<double> joint_counts(std::span<const double> posteriors, std::span<const int32_t> given,
                                 const NoiseChannel& channel) {
  const int64_t classes = class_count(posteriors, given);
  std::vector<double> counts(classes * classes), row(classes);
  for (size_t i = 0; i < given.size(); ++i) {
    double sum = 0;
    for (int64_t y = 0; y < classes; ++y)
      sum += row[y] = posteriors[i * classes + y] * channel[y * classes + given[i]];
    if (sum == 0) continue;
    for (int64_t y = 0; y < classes; ++y) counts[y * classes + given[i]] += row[y] / sum;
  }
  return counts;
}

/// Each row, and kSmallestEntry more of each entry, scaled to a sum of 1.
void normalise_rows(NoiseChannel& channel, int64_t classes) {
  for (int64_t y = 0; y < classes; ++y) {
    const std::span<double> row(channel.data() + y * classes, classes);
    const double sum = std::accumulate(row.begin(), row.end(), 0.0);
    for (double& entry : row) {
      entry = sum > 0 ? entry / sum : 1.0 / static_cast<double>(classes);
      entry = (entry + kSmallestEntry) / (1 + kSmallestEntry * static_cast<double>(classes));
    }
  }
}

double trace(const std::vector<double>& matrix, int64_t classes) {
  double sum = 0;
  for (int64_t y = 0; y < classes; ++y) sum += matrix[y * classes + y];
  return sum;
}

}  // namespace

NoiseChannel symmetric_channel(int64_t classes, double rate) {
  NoiseChannel channel(classes * classes, rate / static_cast<double>(classes - 1));
  for (int64_t y = 0; y < classes; ++y) channel[y * classes + y] = 1 - rate;
  return channel;
}

double log_likelihood(std::span<const double> posteriors, std::span<const int32_t> given,
                      const NoiseChannel& channel) {
  const int64_t classes = class_count(posteriors, given);
  double sum = 0;
  for (size_t i = 0; i < given.size(); ++i) {
    double p = 0;
    for (int64_t y = 0; y < classes; ++y)
      p += posteriors[i * classes + y] * channel[y * classes + given[i]];
    sum += std::log(p);
  }
  return sum / static_cast<double>(given.size());
}

NoiseChannel fit_channel(std::span<const double> posteriors, std::span<const int32_t> given,
                         const NoiseChannel& start, ChannelForm form) {
  const int64_t classes = class_count(posteriors, given);
  NoiseChannel channel = start;
  for (int round = 0; round < kMaxRounds; ++round) {
    NoiseChannel next = joint_counts(posteriors, given, channel);
    if (form == ChannelForm::symmetric) {
      const double rate = 1 - trace(next, classes) / static_cast<double>(given.size());
      next = symmetric_channel(classes, std::clamp(rate, kSmallestEntry, kLargestRate));
    } else {
      normalise_rows(next, classes);
    }
    double change = 0;
    for (size_t i = 0; i < next.size(); ++i)
      change = std::max(change, std::abs(next[i] - channel[i]));
    channel = std::move(next);
    if (change < kConverged) break;
  }
  return channel;
}

double held_out_likelihood(std::span<const double> posteriors, std::span<const int32_t> given,
                           const NoiseChannel& start, ChannelForm form) {
  const int64_t classes = class_count(posteriors, given), faces = std::ssize(given);
  double sum = 0;
  for (int64_t part = 0; part < std::min(kParts, faces); ++part) {
    std::vector<double> posterior[2];
    std::vector<int32_t> label[2];
    for (int64_t i = 0; i < faces; ++i) {
      const bool held_out = i % kParts == part;
      posterior[held_out].insert(posterior[held_out].end(), posteriors.begin() + i * classes,
                                 posteriors.begin() + (i + 1) * classes);
      label[held_out].push_back(given[i]);
    }
    const NoiseChannel channel = fit_channel(posterior[0], label[0], start, form);
    sum += log_likelihood(posterior[1], label[1], channel) * static_cast<double>(label[1].size());
  }
  return sum / static_cast<double>(faces);
}

NoiseChannel anchor_channel(std::span<const double> posteriors, std::span<const int32_t> given,
                            int64_t classes, double share) {
  const int64_t faces = std::ssize(given);
  LANET_REQUIRE(class_count(posteriors, given) == classes, "posteriors of {} classes",
                class_count(posteriors, given));
  const auto count =
      std::clamp<int64_t>(std::llround(share * static_cast<double>(faces)), 1, faces);
  NoiseChannel channel(classes * classes);
  std::vector<int64_t> order(faces);
  for (int64_t c = 0; c < classes; ++c) {
    std::iota(order.begin(), order.end(), int64_t{0});
    std::partial_sort(order.begin(), order.begin() + count, order.end(), [&](int64_t i, int64_t j) {
      const double p = posteriors[i * classes + c], q = posteriors[j * classes + c];
      return p > q || (p == q && i < j);
    });
    for (int64_t k = 0; k < count; ++k) channel[c * classes + given[order[k]]] += 1;
  }
  normalise_rows(channel, classes);
  return channel;
}

double noise_rate(std::span<const double> posteriors, std::span<const int32_t> given,
                  const NoiseChannel& channel) {
  const int64_t classes = class_count(posteriors, given);
  return 1 - trace(joint_counts(posteriors, given, channel), classes) /
                 static_cast<double>(given.size());
}

NoiseChannel with_floor(const NoiseChannel& channel, double rate, double floor) {
  const auto classes = static_cast<int64_t>(std::llround(std::sqrt(channel.size())));
  if (rate >= floor) return channel;
  // Of right labels the share m becomes wrong, of wrong ones m/(C − 1) right.
  const double m = (floor - rate) / (1 - rate - rate / static_cast<double>(classes - 1));
  const NoiseChannel more = symmetric_channel(classes, std::min(m, 1.0));
  NoiseChannel product(channel.size());
  for (int64_t y = 0; y < classes; ++y)
    for (int64_t via = 0; via < classes; ++via)
      for (int64_t g = 0; g < classes; ++g)
        product[y * classes + g] += channel[y * classes + via] * more[via * classes + g];
  return product;
}

std::vector<double> class_prior(std::span<const double> posteriors, std::span<const int32_t> given,
                                const NoiseChannel& channel) {
  const int64_t classes = class_count(posteriors, given);
  const std::vector<double> counts = joint_counts(posteriors, given, channel);
  std::vector<double> prior(classes);
  for (int64_t y = 0; y < classes; ++y)
    prior[y] =
        std::accumulate(counts.begin() + y * classes, counts.begin() + (y + 1) * classes, 0.0);
  const double sum = std::accumulate(prior.begin(), prior.end(), 0.0);
  for (double& p : prior) p = (p / sum + kSmallestEntry) / (1 + kSmallestEntry * double(classes));
  return prior;
}

}  // namespace lanet
