// What the report of a run shows of its test set.
#pragma once

#include <string>

#include "train/report/report.h"

namespace lanet {

/// Runs the last checkpoint of a run over its test set: the most confident mistakes, a map of the
/// features and, of a network with a landmark branch, what that sees. InputError if the checkpoint
/// or the data cannot be read; `content` is then as it was.
void add_test_set(const std::string& run, ReportContent& content);

}  // namespace lanet
