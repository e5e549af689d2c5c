// The sections of the report, each as HTML; "" where there is nothing to show.
#pragma once

#include <string>
#include <vector>

#include "train/report/report.h"
#include "train/report/run_facts.h"

namespace lanet {

/// The accuracies with their confidence intervals, what chose the best epoch, and the share of
/// wrong labels that is memorised. Of several groups: beside each other, with differences from the
/// first that are paired by seed.
std::string result_section(const std::vector<RunGroup>& groups);

/// Recall of each class and the confusion matrix of the test set, after the last epoch, summed over
/// the seeds of a group; and the map of the features, if there is one.
std::string class_section(const std::vector<RunGroup>& groups, const ReportContent& content);

/// The mistakes of the only run.
std::string mistake_section(const RunFacts& run, const ReportContent& content);

/// What the landmark branch of the only run sees in some faces, drawn on their pictures; nothing
/// without faces.
std::string landmark_section(const RunFacts& run, const ReportContent& content);

/// How certain the label estimates are and, of a single run, the most doubtful training faces.
/// with_faces: with their pictures, if the data of the run can still be read.
std::string label_section(const std::vector<RunGroup>& groups, bool with_faces);

/// What differs from the default configuration, where and how fast the runs were computed, and what
/// was not recorded.
std::string setup_section(const std::vector<RunGroup>& groups);

}  // namespace lanet
