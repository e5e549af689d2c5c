#include "train/run_folder.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <sstream>
#include <system_error>

#include "core/error.h"
#include "core/files/file.h"
#include "core/hash.h"

namespace lanet {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace {

/// True if there is nothing in a folder but, perhaps, what a process left that took it and was
/// killed: a lock, and a file that it had not finished.
bool holds_no_run(const fs::path& folder) {
  return std::all_of(fs::directory_iterator(folder), fs::directory_iterator(),
                     [](const fs::directory_entry& entry) {
                       return entry.path().filename() == RunLock::kFile ||
                              entry.path().extension() == ".tmp";
                     });
}

/// The path itself or, if nothing is there, the folder nearest to it that exists.
fs::path existing_part(const fs::path& path) {
  fs::path part = fs::absolute(path);
  while (!fs::exists(part) && part.has_relative_path()) part = part.parent_path();
  return part;
}

std::string megabytes(uint64_t bytes) {
  return fmt::format("{:.0f} MB", std::ceil(static_cast<double>(bytes) / 1e6));
}

/// What stands in a file, line by line; nothing if there is no file.
std::vector<std::string> lines_of(const fs::path& file) {
  std::vector<std::string> lines;
  std::istringstream in(fs::exists(file) ? read_text(file) : "");
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

}  // namespace

bool RunFolder::is_free(const fs::path& path) {
  return !fs::exists(path) || (fs::is_directory(path) && holds_no_run(path));
}

void RunFolder::require_free(const fs::path& path) {
  if (!is_free(path))
    throw InputError(
        fmt::format("{}: exists; a run is never overwritten: choose another --run, or continue it "
                    "with --resume",
                    path.string()));
}

void RunFolder::require_writable(const fs::path& path) {
  const fs::path place = existing_part(path);
  if (!fs::is_directory(place))
    throw InputError(
        fmt::format("{}: cannot be created: {} is not a folder", path.string(), place.string()));
  if (::access(place.c_str(), W_OK | X_OK) != 0)
    throw InputError(fmt::format("{}: {} cannot be written: {}", path.string(), place.string(),
                                 std::strerror(errno)));
}

void RunFolder::require_room(const fs::path& path, uint64_t last_bytes, uint64_t best_bytes) {
  // A new last.safetensors is written beside the last two.
  const uint64_t needed = 3 * last_bytes + best_bytes;
  uint64_t room = fs::space(existing_part(path)).available;
  for (const char* file : {kLast, kPrevious, kBest})
    if (fs::exists(path / file)) room += fs::file_size(path / file);
  if (needed > room)
    throw Error(
        fmt::format("{}: its checkpoints need {}, and there are {}; expected room for three "
                    "of {} and the best of {}",
                    path.string(), megabytes(needed), megabytes(room), megabytes(last_bytes),
                    megabytes(best_bytes)));
}

RunFolder RunFolder::create(const fs::path& path, const Config& config,
                            const ordered_json& environment) {
  require_free(path);
  create_folder(path);
  RunFolder folder(path, RunLock(path));
  require_free(path);  // another process may have been here, and have ended
  folder.begin_again(config, environment);
  return folder;
}

RunFolder RunFolder::open(const fs::path& path) {
  if (!fs::is_directory(path))
    throw InputError(fmt::format("{}: no such folder; expected a run", path.string()));
  if (!fs::exists(path / kConfig))
    throw InputError(fmt::format("{}: no {} in it; expected a run", path.string(), kConfig));
  return RunFolder(path, std::nullopt);
}

RunFolder RunFolder::resume(const fs::path& path) {
  RunFolder folder = open(path);
  folder.lock_.emplace(path);
  return folder;
}

void RunFolder::require_lock() const {
  LANET_REQUIRE(lock_, "{} was opened to be read", path_.string());
}

Config RunFolder::config() const {
  return load_config(file(kConfig));
}

std::vector<ordered_json> RunFolder::metrics(int epochs,
                                             std::span<const std::string> digests) const {
  LANET_REQUIRE(digests.empty() || std::ssize(digests) == epochs, "{} digests of {} epochs",
                digests.size(), epochs);
  const std::vector<std::string> texts = lines_of(file(kMetrics));
  std::vector<ordered_json> lines;
  for (int epoch = 1; epoch <= epochs; ++epoch) {
    auto fail = [&](const std::string& what) {
      throw InputError(fmt::format("{}:{}: {}", file(kMetrics).string(), epoch, what));
    };
    const std::string expected =
        fmt::format("expected the line of epoch {} of the {} that {} has", epoch, epochs, kLast);
    if (epoch > std::ssize(texts)) fail("missing; " + expected);
    const std::string& text = texts[epoch - 1];
    ordered_json line = ordered_json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!line.is_object() || !line.contains("epoch"))
      fail(fmt::format("'{}'; {}", printable(text), expected));
    if (line["epoch"] != epoch)
      fail(fmt::format("epoch {}; {}", printable(line["epoch"].dump()), expected));
    if (!digests.empty() && metrics_digest(line) != digests[epoch - 1])
      fail(
          fmt::format("not the line that was written when {} was saved; expected it unchanged, "
                      "and of this run",
                      kLast));
    lines.push_back(std::move(line));
  }
  return lines;
}

void RunFolder::begin_again(const Config& config, const ordered_json& environment) {
  truncate_metrics(0);
  write_config(config);
  write_text(file(kEnvironment), environment.dump(2) + "\n");
}

void RunFolder::write_config(const Config& config) {
  require_lock();
  write_text(file(kConfig), to_json(config).dump(2) + "\n");
}

void RunFolder::append_metrics(const ordered_json& line) {
  require_lock();
  append_text(file(kMetrics), line.dump() + '\n');
}

void RunFolder::truncate_metrics(int epochs) {
  require_lock();
  std::vector<std::string> lines = lines_of(file(kMetrics));
  lines.resize(std::min<size_t>(lines.size(), epochs));
  std::string text;
  for (const std::string& line : lines) text += line + '\n';
  write_text(file(kMetrics), text);
}

void RunFolder::write_summary(const Summary& summary) {
  require_lock();
  write_text(file(kSummary), to_json(summary).dump(2) + "\n");
}

std::string checkpoint_file(const std::string& target, bool best) {
  if (!fs::is_directory(target)) {
    if (best)
      throw InputError(fmt::format("{}: --best is for a run folder; this is a file", target));
    return target;
  }
  const fs::path file = RunFolder::open(target).file(best ? RunFolder::kBest : RunFolder::kLast);
  if (!fs::exists(file))
    throw InputError(fmt::format("{}: no {} in it; the run has not written one yet", target,
                                 file.filename().string()));
  return file.string();
}

std::string metrics_digest(const ordered_json& line) {
  ordered_json lasting = line;
  for (const char* time : {"seconds", "images_per_second"}) lasting.erase(time);
  return fmt::format("{:016x}", fnv1a(lasting.dump()));
}

fs::path default_run_path(const fs::path& config_file) {
  for (int n = 1;; ++n) {
    const fs::path path = fs::path("runs") / fmt::format("{}-{}", config_file.stem().string(), n);
    if (!fs::exists(path)) return path;
  }
}

}  // namespace lanet
