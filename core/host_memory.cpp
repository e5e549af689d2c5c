#include "core/host_memory.h"

#include <fmt/format.h>

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
  size_t left = std::numeric_limits<size_t>::max();  // where nothing is known
  if (const auto available = number_in(root / "proc/meminfo", "MemAvailable:"))
    left = *available * 1024;
  const fs::path groups = root / "sys/fs/cgroup";
  // The group of the process and those that it is in, up to that of the machine or container.
  const auto look = [&](const fs::path& top, fs::path group, bool version_1) {
    for (;; group = group.parent_path()) {
      const fs::path folder = top / group;
      left = std::min(
          left, version_1 ? left_in_group(folder, "memory.limit_in_bytes", "memory.usage_in_bytes",
                                          "total_inactive_file")
                          : left_in_group(folder, "memory.max", "memory.current", "inactive_file"));
      if (group.empty()) return;
    }
  };
  look(groups, {}, /*version_1=*/false);
  look(groups / "memory", {}, /*version_1=*/true);
  std::ifstream own(root / "proc/self/cgroup");
  for (std::string line; std::getline(own, line);) {
    const size_t name = line.find(':'), path = line.find(':', name + 1);
    if (path == std::string::npos) continue;
    const std::string controllers = line.substr(name + 1, path - name - 1);
    const fs::path group = fs::path(line.substr(path + 1)).relative_path();
    if (controllers.empty()) look(groups, group, /*version_1=*/false);
    if (controllers == "memory") look(groups / "memory", group, /*version_1=*/true);
  }
  return left;
}

std::string gigabytes(size_t bytes) {
  return fmt::format("{:.1f} GB", static_cast<double>(bytes) / 1e9);
}

}  // namespace lanet
