#include "train/resumed_run.h"

#include "core/error.h"
#include "train/run_record.h"

namespace lanet {

namespace fs = std::filesystem;

ResumedRun open_to_resume(const fs::path& path, Config& config) {
  ResumedRun run{.folder = RunFolder::resume(path)};
  const RunFolder& folder = run.folder;
  const Config begun = folder.config();
  if (config.train.dtype == DTypeSetting::automatic) config.train.dtype = begun.train.dtype;
  require_resumable(config, begun, path.string(), fs::exists(folder.file(RunFolder::kData)));
  const std::string last = folder.file(RunFolder::kLast).string(),
                    previous = folder.file(RunFolder::kPrevious).string();
  const auto go_on_from_previous = [&](const std::string& problem) {
    try {
      run.checkpoint = read_checkpoint(previous);
    } catch (const InputError& error) {
      throw InputError(fmt::format("{}; {}", problem, error.what()));
    }
    run.file = previous;
    run.messages.push_back(fmt::format("warning: {}; resuming from {}, the previous checkpoint",
                                       problem, RunFolder::kPrevious));
  };
  if (fs::exists(last)) {
    try {
      run.checkpoint = read_checkpoint(last);
      run.file = last;
    } catch (const InputError& error) {
      if (!fs::exists(previous)) throw;
      go_on_from_previous(error.what());
    }
  } else if (fs::exists(previous)) {
    go_on_from_previous(fmt::format("{}: missing", last));
  } else {
    for (const char* later : {RunFolder::kBest, RunFolder::kSummary})
      if (fs::exists(folder.file(later)))
        throw InputError(
            fmt::format("{}: no {} in it, although it has {}; expected the checkpoint "
                        "that its finished epochs had",
                        path.string(), RunFolder::kLast, later));
    run.messages.push_back(
        fmt::format("{}: it has no checkpoint yet: starting from the beginning", path.string()));
  }
  return run;
}

}  // namespace lanet
