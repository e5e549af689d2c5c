// One process at a time writes a run: a lock on the run's folder.
#pragma once

#include <filesystem>
#include <string>

namespace lanet {

/// Held from construction to destruction on the file `lock` in a folder. The kernel releases it
/// when the process ends, however it ends; the file stays, and says which process held it last.
/// Children that start another program do not inherit it.
class RunLock {
 public:
  static constexpr const char* kFile = "lock";

  /// InputError, one line with the folder and the process, if another process holds it; nothing has
  /// changed then. Error if the folder cannot be written or its file system has no locks.
  explicit RunLock(const std::filesystem::path& folder);
  ~RunLock();
  RunLock(RunLock&& other) noexcept;
  RunLock& operator=(RunLock&& other) noexcept;

 private:
  int descriptor_ = -1;
};

}  // namespace lanet
