// Training faces in the order in which their labels are to be doubted (docs/audit.md).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace lanet {

struct Suspect {
  int64_t face = 0;       ///< its place in the training list
  int32_t given = 0;      ///< class
  int32_t suggested = 0;  ///< the most probable class, the first of equals
  double score = 0;       ///< 1 − p(given): how probable it is that the label is wrong
  double p_suggested = 0;
};

/// All faces, the most doubtful first; of equals, in the order of the list. estimates: [N, C], a
/// distribution of the true class of each face; given: [N].
std::vector<Suspect> rank_suspects(std::span<const double> estimates,
                                   std::span<const int32_t> given);

/// The least score of a label that is called suspicious: more probably wrong than right.
constexpr double kSuspicious = 0.5;

/// How good scores are where the truth is known.
struct SuspectFigures {
  int64_t wrong = 0;     ///< labels
  double precision = 0;  ///< share of the suspects (kSuspicious) whose label is wrong; or NaN
  double recall = 0;     ///< share of the wrong labels that are suspects; or NaN
  double average_precision = 0;
  double suggested = 0;  ///< share of the wrong labels whose suggestion is the truth; or NaN
  /// Expected calibration error: over ten equal bins of the score, the distance of its mean from
  /// the share of wrong labels, weighted by the faces in the bin.
  double calibration = 0;
};

/// truth: [N], of the faces in the list's order.
SuspectFigures judge_suspects(std::span<const Suspect> suspects, std::span<const int32_t> truth);

/// What else suspects.csv has of a face.
struct SuspectEvidence {
  std::vector<double> agreement;      ///< [N], shape_agreement(); empty: not known
  std::vector<int64_t> duplicate_of;  ///< [N], the earlier face that has the same picture, or -1
};

/// image,given,suggested,score,p_given,p_suggested,neighbour_agreement,duplicate_of: a row for each
/// suspect. What is not known is empty.
std::string suspects_csv(std::span<const Suspect> suspects, std::span<const std::string> names,
                         std::span<const std::string> classes, const SuspectEvidence& evidence);

}  // namespace lanet
