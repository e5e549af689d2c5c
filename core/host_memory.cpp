#include "core/host_memory.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>
#include <string>

namespace lanet {
namespace {

namespace fs = std::filesystem;

/// The number after `key` in a file; `key` may be empty.
std::optional<size_t> number_in(const fs::path& file, const std::string& key) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::string word;
    size_t number = 0;
    if (!key.empty() && (!(words >> word) || word != key)) continue;
    if (words >> number) return number;
    return std::nullopt;
  }
  return std::nullopt;
}

/// What a control group has left; as much as can be if it has no limit.
size_t left_in_group(const fs::path& folder, const char* limit, const char* usage,
                     const char* files) {
  const auto most = number_in(folder / limit, ""), used = number_in(folder / usage, "");
  if (!most || !used) return std::numeric_limits<size_t>::max();
  const size_t reclaimable = number_in(folder / "memory.stat", files).value_or(0);
  const size_t occupied = *used - std::min(*used, reclaimable);
  return *most - std::min(*most, occupied);
}

}  // namespace

size_t available_host_memory(const fs::path& root) {
  size_t left = number_in(root / "proc/meminfo", "MemAvailable:").value_or(0) * 1024;
  const fs::path groups = root / "sys/fs/cgroup";
  // The limit of the whole container, and that of the group in it that the process is in.
  for (const fs::path& folder : {groups, groups / "memory"}) {
    left = std::min({left, left_in_group(folder, "memory.max", "memory.current", "inactive_file"),
                     left_in_group(folder, "memory.limit_in_bytes", "memory.usage_in_bytes",
                                   "total_inactive_file")});
  }
  std::ifstream own(root / "proc/self/cgroup");
  for (std::string line; std::getline(own, line);) {
    const size_t name = line.find(':'), path = line.find(':', name + 1);
    if (path == std::string::npos) continue;
    const std::string controllers = line.substr(name + 1, path - name - 1);
    const std::string group = line.substr(std::min(path + 2, line.size()));
    if (controllers.empty())
      left = std::min(
          left, left_in_group(groups / group, "memory.max", "memory.current", "inactive_file"));
    else if (controllers == "memory")
      left = std::min(left, left_in_group(groups / "memory" / group, "memory.limit_in_bytes",
                                          "memory.usage_in_bytes", "total_inactive_file"));
  }
  return left;
}

}  // namespace lanet
