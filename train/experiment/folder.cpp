#include "train/experiment/folder.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/files/file.h"
#include "train/config/portable.h"
#include "train/run_folder.h"
#include "train/run_record.h"

namespace lanet {

namespace fs = std::filesystem;
using nlohmann::json;
using nlohmann::ordered_json;

namespace {

/// Whether the summary in a folder is that of the last epoch.
bool is_finished(const fs::path& folder, int64_t epochs) {
  const fs::path file = folder / RunFolder::kSummary;
  if (!fs::exists(file)) return false;
  const json summary = json::parse(read_text(file), nullptr, /*allow_exceptions=*/false);
  const json::json_pointer epoch("/last/epoch");
  if (!summary.is_object() || !summary.contains(epoch))
    throw InputError(fmt::format("{}: expected the summary of a run", file.string()));
  return summary.at(epoch) == epochs;
}

/// Whether the folder has the whole run `run`; InputError if it has another one's.
bool has_finished(const fs::path& folder, const ExperimentPlan::Run& run) {
  if (!fs::exists(folder / RunFolder::kConfig)) return false;
  Config now = portable(run.config), then = portable(RunFolder::open(folder).config());
  now.data.root = then.data.root;
  if (!is_finished(folder, then.train.epochs)) return false;
  require_same_run(now, then, folder.string());
  return true;
}

}  // namespace

fs::path ExperimentFolder::beside(const ExperimentPlan::Run& run, const char* extension) const {
  return this->run(run).string() + extension;
}

RunState ExperimentFolder::state(const ExperimentPlan::Run& run) const {
  const fs::path folder = this->run(run);
  if (finished(run)) return RunState::finished;
  if (!fs::exists(folder) || (fs::is_directory(folder) && fs::is_empty(folder)))
    return RunState::none;
  if (fs::exists(folder / RunFolder::kConfig))
    require_same_run(run.config, RunFolder::open(folder).config(), folder.string());
  for (const char* name : {RunFolder::kLast, RunFolder::kPrevious})
    if (fs::exists(folder / name)) return RunState::unfinished;
  return RunState::begun;
}

std::optional<fs::path> ExperimentFolder::finished(const ExperimentPlan::Run& run) const {
  if (has_finished(this->run(run), run)) return this->run(run);
  if (record_ && has_finished(*record_ / run.path, run)) return *record_ / run.path;
  return std::nullopt;
}

int64_t ExperimentFolder::epochs_done(const ExperimentPlan::Run& run) const {
  const fs::path metrics = this->run(run) / RunFolder::kMetrics;
  if (!fs::exists(metrics)) return 0;
  const std::string text = read_text(metrics);
  return std::min<int64_t>(std::count(text.begin(), text.end(), '\n'), run.config.train.epochs);
}

void ExperimentFolder::clear(const ExperimentPlan::Run& run) const {
  const fs::path folder = this->run(run);
  const RunLock lock(folder);
  const bool ours = fs::exists(folder / RunFolder::kConfig);  // and equal: state() says so
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name == RunLock::kFile) continue;
    const bool by_run = entry.is_regular_file() && !entry.is_symlink() &&
                        (ours || entry.path().extension() == ".tmp") && name != RunFolder::kLast &&
                        name != RunFolder::kPrevious;
    if (!by_run)
      throw InputError(
          fmt::format("{}: {} is in it; expected nothing, or a run that ended before its first "
                      "epoch was finished",
                      folder.string(), name));
    files.push_back(entry.path());
  }
  // The file that marks the folder as ours is removed last.
  std::sort(files.begin(), files.end(), [](const fs::path& a, const fs::path& b) {
    return (a.filename() == RunFolder::kConfig) < (b.filename() == RunFolder::kConfig);
  });
  for (const fs::path& file : files) fs::remove(file);
}

void ExperimentFolder::drop_checkpoints(const ExperimentPlan::Run& run) const {
  if (!has_finished(this->run(run), run)) return;
  for (const char* name : {RunFolder::kLast, RunFolder::kPrevious, RunFolder::kBest})
    fs::remove(this->run(run) / name);
}

void ExperimentFolder::record(const ExperimentPlan::Run& run) const {
  if (!record_ || has_finished(*record_ / run.path, run)) return;
  const fs::path from = this->run(run), to = *record_ / run.path;
  create_folder(to);
  write_text(to / RunFolder::kConfig,
             to_json(portable(RunFolder::open(from).config())).dump(2) + "\n");
  // The summary last: it makes the record that of a finished run.
  for (const char* name : {RunFolder::kEnvironment, RunFolder::kMetrics, RunFolder::kSummary})
    write_text(to / name, read_text(from / name));
}

}  // namespace lanet
