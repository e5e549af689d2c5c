// The report of one or several runs as a page of HTML that needs nothing else: no network, no
// script, no other file.
#pragma once

#include <cstdint>
#include <filesystem>
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

struct ReportContent {
  /// With pictures of faces; those of training faces come from the data of a single run, if they
  /// can still be read.
  bool faces = true;
  /// Of the only run, after its last epoch, to be shown in this order.
  std::vector<Mistake> mistakes = {};
};

/// The page. InputError if a folder is no run with a finished epoch (run_facts.h).
std::string run_report(const std::vector<std::filesystem::path>& runs,
                       const ReportContent& content);

/// Throws InputError if there is a file at `path` that is not such a page.
void require_report_or_nothing(const std::filesystem::path& path);

}  // namespace lanet
