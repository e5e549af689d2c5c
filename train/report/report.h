// The report of one or several runs as a page of HTML that needs nothing else: no network, no
// script, no other file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "data/image.h"

namespace lanet {

/// A face of the test set that a network takes for another class.
struct Mistake {
  std::string name;
  int32_t truth = 0;                  ///< class
  std::vector<double> probabilities;  ///< [C], of the classes
  HostImage picture;
};

/// Features of faces of the test set, as points in the plane (tsne.h).
struct FeatureMap {
  std::vector<double> points;               ///< [N, 2]
  std::vector<int32_t> classes, predicted;  ///< [N]
  int64_t test_faces = 0;                   ///< N of so many
};

/// A face of the test set with what a landmark branch sees in it.
struct LandmarkFace {
  std::string name;
  int32_t truth = 0;  ///< class
  HostImage picture;
  std::vector<double> heat;  ///< [h, h], in each cell the largest of the landmarks' heatmaps
};

struct ReportContent {
  /// With pictures of faces; those of training faces come from the data of a single run, if they
  /// can still be read.
  bool faces = true;
  /// Of the only run, after its last epoch, to be shown in this order.
  std::vector<Mistake> mistakes = {};
  std::optional<FeatureMap> map = std::nullopt;   ///< of the same run
  std::vector<LandmarkFace> landmark_faces = {};  ///< of the same run
  bool test_set_read = true;  ///< false: none of these could be made, which is then said
};

/// The page. InputError if a folder is no run with a finished epoch (run_facts.h).
std::string run_report(const std::vector<std::filesystem::path>& runs,
                       const ReportContent& content);

/// Throws InputError if there is a file at `path` that is not such a page.
void require_report_or_nothing(const std::filesystem::path& path);

}  // namespace lanet
