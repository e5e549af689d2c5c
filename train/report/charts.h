// The curves and histograms of the report.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "train/experiment/svg_chart.h"
#include "train/report/run_facts.h"

namespace lanet {

/// Of one group: what belongs together in one chart, as losses, accuracies, the wrong labels and
/// the label estimates. Of several: a chart for each quantity, with a line for each group. A line
/// is the mean over the seeds of a group, in a band from the least to the largest. What no run has
/// is left out.
std::vector<Chart> epoch_charts(const std::vector<RunGroup>& groups);

/// What `plot` can draw, each a chart of epoch_charts().
inline constexpr std::array<std::string_view, 6> kCurves = {"accuracy", "memorised", "loss",
                                                            "labels",   "certainty", "votes"};
/// Charts of some curves, in their order, without those that no run has. Of one group as above; of
/// several the first quantity of each: test accuracy, share memorised, total loss, share of right
/// label estimates, share of confident ones, distance of estimates from votes.
std::vector<Chart> curve_charts(const std::vector<RunGroup>& groups,
                                std::span<const std::string> curves);

/// How the estimated probability of the given label is distributed over the training faces, in
/// twenty equal bins; apart for right and wrong labels where the truth is known. The run has
/// labels.
Chart confidence_histogram(const RunFacts& run);

}  // namespace lanet
