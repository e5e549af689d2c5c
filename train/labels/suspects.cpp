#include "train/labels/suspects.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/error.h"
#include "data/csv.h"
#include "train/metrics.h"

namespace lanet {

std::vector<Suspect> rank_suspects(std::span<const double> estimates,
                                   std::span<const int32_t> given) {
  LANET_REQUIRE(!given.empty() && estimates.size() % given.size() == 0, "{} estimates of {} faces",
                estimates.size(), given.size());
  const size_t classes = estimates.size() / given.size();
  std::vector<Suspect> suspects;
  for (size_t i = 0; i < given.size(); ++i) {
    const std::span<const double> row = estimates.subspan(i * classes, classes);
    const auto largest = std::max_element(row.begin(), row.end());
    suspects.push_back({.face = static_cast<int64_t>(i),
                        .given = given[i],
                        .suggested = static_cast<int32_t>(largest - row.begin()),
                        .score = 1 - row[given[i]],
                        .p_suggested = *largest});
  }
  std::stable_sort(suspects.begin(), suspects.end(),
                   [](const Suspect& a, const Suspect& b) { return a.score > b.score; });
  return suspects;
}

SuspectFigures judge_suspects(std::span<const Suspect> suspects, std::span<const int32_t> truth) {
  constexpr int kBins = 10;
  struct Bin {
    double scores = 0, wrong = 0, faces = 0;
  };
  std::array<Bin, kBins> bins;
  std::vector<double> scores;
  std::vector<uint8_t> wrong;
  int64_t found = 0, doubted = 0, suggested = 0;
  SuspectFigures figures;
  for (const Suspect& suspect : suspects) {
    const bool is_wrong = suspect.given != truth[suspect.face];
    figures.wrong += is_wrong;
    doubted += suspect.score >= kSuspicious;
    found += is_wrong && suspect.score >= kSuspicious;
    suggested += is_wrong && suspect.suggested == truth[suspect.face];
    scores.push_back(suspect.score);
    wrong.push_back(is_wrong);
    Bin& bin = bins[std::clamp(static_cast<int>(suspect.score * kBins), 0, kBins - 1)];
    bin.scores += suspect.score;
    bin.wrong += is_wrong;
    bin.faces += 1;
  }
  figures.precision = static_cast<double>(found) / static_cast<double>(doubted);
  figures.recall = static_cast<double>(found) / static_cast<double>(figures.wrong);
  figures.suggested = static_cast<double>(suggested) / static_cast<double>(figures.wrong);
  figures.average_precision = average_precision(scores, wrong);
  for (const Bin& bin : bins)
    figures.calibration += std::abs(bin.scores - bin.wrong) / static_cast<double>(suspects.size());
  return figures;
}

std::string suspects_csv(std::span<const Suspect> suspects, std::span<const std::string> names,
                         std::span<const std::string> classes, const SuspectEvidence& evidence) {
  std::string text =
      "image,given,suggested,score,p_given,p_suggested,neighbour_agreement,duplicate_of\n";
  for (const Suspect& suspect : suspects) {
    const auto face = static_cast<size_t>(suspect.face);
    text += fmt::format("{},{},{},{:.4f},{:.4f},{:.4f},", csv_field(names[face]),
                        csv_field(classes[suspect.given]), csv_field(classes[suspect.suggested]),
                        suspect.score, 1 - suspect.score, suspect.p_suggested);
    if (!evidence.agreement.empty() && !std::isnan(evidence.agreement[face]))
      text += fmt::format("{:.2f}", evidence.agreement[face]);
    text += ",";
    if (!evidence.duplicate_of.empty() && evidence.duplicate_of[face] >= 0)
      text += csv_field(names[evidence.duplicate_of[face]]);
    text += "\n";
  }
  return text;
}

}  // namespace lanet
