#include "train/report/run_facts.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.h"
#include "core/files/file.h"
#include "data/csv.h"
#include "train/epoch_record.h"
#include "train/run_folder.h"

namespace lanet {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace {

ordered_json read_json(const fs::path& file) {
  ordered_json document = ordered_json::parse(read_text(file), nullptr, /*allow_exceptions=*/false);
  if (document.is_discarded())
    throw InputError(fmt::format("{}: expected JSON as a run writes it", file.string()));
  return document;
}

/// The last finished epoch, by the summary.
int finished_epochs(const RunFolder& folder) {
  const fs::path file = folder.file(RunFolder::kSummary);
  if (!fs::exists(file))
    throw InputError(fmt::format("{}: no {} in it: the run has not finished an epoch",
                                 folder.path().string(), RunFolder::kSummary));
  const ordered_json summary = read_json(file);
  const ordered_json::json_pointer epoch("/last/epoch");
  if (!summary.is_object() || !summary.contains(epoch) || !summary.at(epoch).is_number_unsigned() ||
      summary.at(epoch).get<int64_t>() < 1)
    throw InputError(fmt::format("{}: last.epoch: expected the number of an epoch", file.string()));
  return summary.at(epoch).get<int>();
}

/// [C], the classes by name; by number if there is no file that has their names.
std::vector<std::string> read_classes(const RunFolder& folder, size_t count) {
  const fs::path file = folder.file("classes.json");
  std::vector<std::string> classes;
  if (!fs::exists(file)) {
    for (size_t c = 0; c < count; ++c) classes.push_back(fmt::format("class {}", c));
    return classes;
  }
  const ordered_json names = read_json(file);
  const bool texts = names.is_array() && names.size() == count &&
                     std::all_of(names.begin(), names.end(),
                                 [](const ordered_json& name) { return name.is_string(); });
  if (!texts)
    throw InputError(
        fmt::format("{}: expected a list of the names of {} classes, as many as {} has",
                    file.string(), count, RunFolder::kMetrics));
  return names.get<std::vector<std::string>>();
}

/// The "test_confusion" of a line, if it has one.
std::optional<Confusion> read_confusion(const ordered_json& line, size_t classes,
                                        const std::string& place) {
  if (!line.contains("test_confusion")) return std::nullopt;
  std::vector<int64_t> counts;
  for (const ordered_json& row : line.at("test_confusion"))
    for (const ordered_json& count : row)
      counts.push_back(count.is_number_unsigned() ? count.get<int64_t>() : -1);
  if (counts.size() != classes * classes ||
      std::any_of(counts.begin(), counts.end(), [](int64_t count) { return count < 0; }))
    throw InputError(
        fmt::format("{}: test_confusion: expected {} x {} counts", place, classes, classes));
  return Confusion(static_cast<int>(classes), std::move(counts));
}

/// Reads noise.csv, which `labels`, if there are any, must agree with.
void read_truth(const fs::path& file, RunFacts& run) {
  const CsvTable table = read_csv(file);
  const int name = table.column("image"), truth = table.column("true_label"),
            given = table.column("given_label");
  const auto class_at = [&](size_t row, int column) {
    const std::string& label = table.rows[row][column];
    const auto found = std::find(run.classes.begin(), run.classes.end(), label);
    if (found == run.classes.end())
      throw InputError(fmt::format("{}: '{}'; expected one of the classes {}", table.place(row),
                                   printable(label), fmt::join(run.classes, ", ")));
    return static_cast<int32_t>(found - run.classes.begin());
  };
  if (run.labels && run.labels->names.size() != table.rows.size())
    throw InputError(fmt::format("{}: {} faces; {} has {}", table.file, table.rows.size(),
                                 run.labels->file, run.labels->names.size()));
  for (size_t i = 0; i < table.rows.size(); ++i) {
    if (run.labels && run.labels->names[i] != table.rows[i][name])
      throw InputError(fmt::format("{}: {}; expected {} as in {}", table.place(i),
                                   printable(table.rows[i][name]), run.labels->names[i],
                                   run.labels->place(i)));
    run.truth.push_back(class_at(i, truth));
    run.given.push_back(class_at(i, given));
  }
}

/// What makes a run another one than with another seed.
ordered_json without_seed(Config config) {
  config.seed = 0;
  config.train.device = {};
  config.train.threads = 0;
  config.train.tensorboard = false;
  config.data.residency = {};
  config.data.root.clear();
  config.data.cache.clear();
  config.model.pretrained = fs::path(config.model.pretrained).filename().string();
  return to_json(config);
}

/// Whether two runs were tested on as many faces of the same classes, as far as that was recorded:
/// the folder of one data set has another name on another machine.
bool same_test_set(const RunFacts& a, const RunFacts& b) {
  if (a.classes != b.classes) return false;
  if (!a.confusion || !b.confusion) return true;
  for (int c = 0; c < a.confusion->classes(); ++c)
    if (a.confusion->total(c) != b.confusion->total(c)) return false;
  return true;
}

}  // namespace

bool RunFacts::truth_is_known() const {
  return config.data.noise.planted() || !config.data.true_labels.empty();
}

std::vector<double> RunFacts::curve(const std::string& key) const {
  const ordered_json::json_pointer pointer("/" + key);
  std::vector<double> values;
  for (const ordered_json& line : lines)
    values.push_back(line.contains(pointer) && line.at(pointer).is_number()
                         ? line.at(pointer).get<double>()
                         : std::numeric_limits<double>::quiet_NaN());
  return values;
}

double RunFacts::last(const std::string& key) const {
  return curve(key).back();
}

RunFacts read_run_facts(const fs::path& path) {
  const RunFolder folder = RunFolder::open(path);
  RunFacts run{.path = path, .config = folder.config()};
  const int epochs = finished_epochs(folder);
  run.lines = folder.metrics(epochs, {});
  const std::string metrics = folder.file(RunFolder::kMetrics).string();
  std::vector<EpochScores> scores;
  for (const ordered_json& line : run.lines)
    scores.push_back(scores_of(line, run.lines[0].contains("val_accuracy"),
                               fmt::format("{}:{}", metrics, scores.size() + 1)));
  run.summary = summarize(scores);

  const ordered_json& last = run.lines.back();
  const std::string place = fmt::format("{}:{}", metrics, epochs);
  if (!last.contains("test_recall") || !last["test_recall"].is_array() ||
      last["test_recall"].empty())
    throw InputError(
        fmt::format("{}: test_recall: missing; expected a number for each class", place));
  const size_t classes = last["test_recall"].size();
  run.classes = read_classes(folder, classes);
  run.confusion = read_confusion(last, classes, place);

  const auto has = [&](const char* name) { return fs::exists(folder.file(name)); };
  const auto note = [&](const std::string& line) { run.missing.push_back(line); };
  if (!run.confusion)
    note("the confusion matrix and the number of test faces, so that there are no intervals");
  const bool named = has("classes.json");
  if (!named) note("the names of the classes");
  if (has(RunFolder::kLabels)) {
    run.labels = read_label_table(folder.file(RunFolder::kLabels));
    if (run.labels->classes.size() != classes || (named && run.labels->classes != run.classes))
      throw InputError(fmt::format("{}:1: classes {}; expected {}", run.labels->file,
                                   fmt::join(run.labels->classes, ", "),
                                   fmt::join(run.classes, ", ")));
    run.classes = run.labels->classes;
  } else if (last.contains("estimates_confident")) {
    note("the label estimates (labels.csv)");
  }
  if (run.truth_is_known()) {
    if (named && has(RunFolder::kNoise))
      read_truth(folder.file(RunFolder::kNoise), run);
    else
      note("which training labels are wrong (noise.csv)");
  }
  if (has(RunFolder::kEnvironment))
    run.environment = read_json(folder.file(RunFolder::kEnvironment));
  else
    note("the environment");
  return run;
}

void name_runs(std::vector<RunFacts>& runs) {
  std::vector<std::vector<std::string>> parts;
  for (const RunFacts& run : runs) {
    const fs::path whole = fs::weakly_canonical(run.path);
    parts.emplace_back();
    for (const fs::path& part : whole) parts.back().push_back(part.string());
    if (parts.back().back().empty()) parts.back().pop_back();  // behind a slash at the end
  }
  for (size_t i = 0; i < parts.size(); ++i)
    if (std::find(parts.begin(), parts.begin() + static_cast<int64_t>(i), parts[i]) !=
        parts.begin() + static_cast<int64_t>(i))
      throw InputError(fmt::format("{}: given twice", runs[i].path.string()));
  // Of each path its last part, and what is before it from where the paths part; of a single path
  // the last two.
  size_t common = 0;
  const auto is_common = [&](const std::vector<std::string>& path) {
    return path.size() > common + 1 && path[common] == parts[0][common];
  };
  while (std::all_of(parts.begin(), parts.end(), is_common)) ++common;
  if (parts.size() == 1 && common > 1) --common;  // "seed-1" alone says little
  for (size_t i = 0; i < parts.size(); ++i)
    runs[i].name = fmt::format(
        "{}", fmt::join(parts[i].begin() + static_cast<int64_t>(common), parts[i].end(), "/"));
}

std::vector<RunGroup> group_by_seed(std::span<const RunFacts> runs) {
  std::vector<RunGroup> groups;
  std::vector<ordered_json> configs;
  for (const RunFacts& run : runs) {
    const ordered_json config = without_seed(run.config);
    const auto same = [&](const RunGroup& group) {
      return configs[&group - groups.data()] == config && same_test_set(*group.runs[0], run) &&
             std::none_of(group.runs.begin(), group.runs.end(), [&](const RunFacts* other) {
               return other->config.seed == run.config.seed;
             });
    };
    auto group = std::find_if(groups.begin(), groups.end(), same);
    if (group == groups.end()) {
      groups.push_back({.name = run.name});
      configs.push_back(config);
      group = groups.end() - 1;
    }
    group->runs.push_back(&run);
  }
  for (RunGroup& group : groups) {
    std::sort(group.runs.begin(), group.runs.end(),
              [](const RunFacts* a, const RunFacts* b) { return a->config.seed < b->config.seed; });
    if (group.runs.size() == 1) continue;
    const std::string folder = fs::path(group.name).parent_path().string();
    const bool together =
        !folder.empty() &&
        std::all_of(group.runs.begin(), group.runs.end(), [&](const RunFacts* run) {
          return fs::path(run->name).parent_path() == folder;
        });
    if (together) {
      group.name = folder;
      continue;
    }
    group.name = fmt::format("{} and {} more seed{}", group.name, group.runs.size() - 1,
                             group.runs.size() == 2 ? "" : "s");
  }
  return groups;
}

}  // namespace lanet
