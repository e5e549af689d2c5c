#include "train/run_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/error.h"
#include "core/ranks/channel.h"

namespace lanet {

namespace {

/// Who wrote the file, "process 7 on host"; "another process" where it is not (yet) said.
std::string holder(int descriptor) {
  std::array<char, 256> text{};
  const ssize_t size = ::pread(descriptor, text.data(), text.size(), 0);
  const std::string line(text.data(), std::max<ssize_t>(size, 0));
  const size_t end = line.find('\n');
  return end == std::string::npos ? "another process" : printable(line.substr(0, end));
}

void require(bool done, const std::string& file, const char* what) {
  if (!done) throw Error(fmt::format("{}: cannot be {}: {}", file, what, std::strerror(errno)));
}

}  // namespace

RunLock::RunLock(const std::filesystem::path& folder) {
  const std::string file = (folder / kFile).string();
  descriptor_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  try {
    require(descriptor_ >= 0, file, "written");
    const bool locked = ::flock(descriptor_, LOCK_EX | LOCK_NB) == 0;
    if (!locked && errno == EWOULDBLOCK)
      throw InputError(
          fmt::format("{}: {} is writing this run; expected a run that no process is writing",
                      folder.string(), holder(descriptor_)));
    require(locked, file, "locked");
    const std::string who = fmt::format("process {} on {}\n", ::getpid(), host_name());
    require(::ftruncate(descriptor_, 0) == 0, file, "written");
    require(::pwrite(descriptor_, who.data(), who.size(), 0) == std::ssize(who), file, "written");
  } catch (...) {
    if (descriptor_ >= 0) ::close(descriptor_);
    throw;
  }
}

RunLock::~RunLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

RunLock::RunLock(RunLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

RunLock& RunLock::operator=(RunLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

}  // namespace lanet
