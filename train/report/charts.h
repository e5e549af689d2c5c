// The curves and histograms of the report.
#pragma once

#include <string>
#include <vector>

#include "train/experiment/svg_chart.h"
#include "train/report/run_facts.h"

namespace lanet {

/// Of one group: what belongs together in one chart, as losses, accuracies, the wrong labels and
/// the label estimates. Of several: a chart for each quantity, with a line for each group. A line
/// is the mean over the seeds of a group, in a band from the least to the largest. What no run has
/// is left out.
std::vector<Chart> epoch_charts(const std::vector<RunGroup>& groups);

/// How the estimated probability of the given label is distributed over the training faces, in
/// twenty equal bins; apart for right and wrong labels where the truth is known. The run has
/// labels.
Chart confidence_histogram(const RunFacts& run);

}  // namespace lanet
