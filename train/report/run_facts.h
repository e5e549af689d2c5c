// What a run folder, or the record of one, tells of its run.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "train/config/config.h"
#include "train/labels/label_table.h"
#include "train/metrics.h"

namespace lanet {

struct RunFacts {
  std::filesystem::path path;
  std::string name;  ///< that tells it from the other runs of the report
  Config config;
  nlohmann::ordered_json environment;         ///< null if it was not recorded
  std::vector<nlohmann::ordered_json> lines;  ///< of the finished epochs (train/epoch_record.h)
  Summary summary;
  std::vector<std::string> classes;    ///< "class 0", "class 1", … if they were not recorded
  std::optional<Confusion> confusion;  ///< on the test set after the last epoch
  std::optional<LabelTable> labels;    ///< what it estimates, if it does
  /// [N], the true classes of the training faces, if they are known and were recorded; with labels
  /// in their order.
  std::vector<int32_t> truth;
  std::vector<int32_t> given;        ///< [N], the labels of the same faces; empty with truth
  std::vector<std::string> missing;  ///< what was not recorded, one line each

  bool truth_is_known() const;
  /// The faces of the test set; 0 if their number was not recorded.
  int64_t test_faces() const { return confusion ? confusion->total() : 0; }
  /// A number of each finished epoch, by its key in the line ("test_accuracy", "losses/total"); NaN
  /// where a line has none.
  std::vector<double> curve(const std::string& key) const;
  /// The same of the last epoch.
  double last(const std::string& key) const;
};

/// InputError, naming file and line, if `run` is no run folder, has no finished epoch, or holds a
/// file that no run writes.
RunFacts read_run_facts(const std::filesystem::path& run);

/// Runs that differ in their seed alone, and perhaps in where they were computed.
struct RunGroup {
  std::string name;
  std::vector<const RunFacts*> runs;  ///< by seed
};

/// Names the runs by what tells their paths apart, a single one by the end of its path. InputError
/// if two are the same folder.
void name_runs(std::vector<RunFacts>& runs);
/// In the order of each group's first run.
std::vector<RunGroup> group_by_seed(std::span<const RunFacts> runs);

}  // namespace lanet
