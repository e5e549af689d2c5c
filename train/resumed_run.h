// What `train --resume` goes on from.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "train/checkpoint.h"
#include "train/run_folder.h"

namespace lanet {

/// A run folder, locked, and its last checkpoint.
struct ResumedRun {
  RunFolder folder;
  NamedArrays checkpoint;             ///< empty: the run ended before it wrote one
  std::string file;                   ///< of the checkpoint, which may be the one before the last
  std::vector<std::string> messages;  ///< for the user

  bool has_checkpoint() const { return !file.empty(); }
};

/// InputError if there is no run, another process has locked it, it is of another configuration
/// (require_same_run()), its checkpoints are damaged, or they are gone and it has finished epochs.
/// A train.dtype "auto" becomes the run's.
ResumedRun open_to_resume(const std::filesystem::path& path, Config& config);

}  // namespace lanet
