#include "train/run_folder.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>

#include "core/error.h"
#include "core/file.h"

namespace lanet {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace {

constexpr const char* kConfig = "config.json";
constexpr const char* kEnvironment = "environment.json";
constexpr const char* kMetrics = "metrics.jsonl";
constexpr const char* kSummary = "summary.json";

}  // namespace

RunFolder RunFolder::create(const fs::path& path, const Config& config,
                            const ordered_json& environment) {
  std::error_code error;
  if (fs::exists(path) && !(fs::is_directory(path) && fs::is_empty(path, error)))
    throw InputError(
        fmt::format("{}: exists; expected a new folder for the run (--resume goes on with a run)",
                    path.string()));
  fs::create_directories(path, error);
  if (error)
    throw InputError(fmt::format("{}: cannot be made: {}", path.string(), error.message()));
  RunFolder folder(path);
  write_text(folder.file(kConfig), to_json(config).dump(2) + "\n");
  write_text(folder.file(kEnvironment), environment.dump(2) + "\n");
  return folder;
}

RunFolder RunFolder::open(const fs::path& path) {
  if (!fs::is_directory(path))
    throw InputError(fmt::format("{}: no such folder; expected a run", path.string()));
  if (!fs::exists(path / kConfig))
    throw InputError(fmt::format("{}: no {} in it; expected a run", path.string(), kConfig));
  return RunFolder(path);
}

Config RunFolder::config() const {
  return load_config(file(kConfig));
}

void RunFolder::append_metrics(const ordered_json& line) {
  std::ofstream out(file(kMetrics), std::ios::binary | std::ios::app);
  out << line.dump() << '\n' << std::flush;
  if (!out)
    throw Error(fmt::format("{}: cannot be written: {}", file(kMetrics).string(), strerror(errno)));
}

std::vector<ordered_json> RunFolder::metrics() const {
  std::vector<ordered_json> lines;
  std::ifstream in(file(kMetrics), std::ios::binary);
  for (std::string text; std::getline(in, text);) {
    ordered_json line = ordered_json::parse(text, nullptr, /*allow_exceptions=*/false);
    // A line that a killed program left half written ends what can be trusted.
    if (!line.is_object() || !line.contains("epoch")) break;
    lines.push_back(std::move(line));
  }
  return lines;
}

void RunFolder::truncate_metrics(int epoch) {
  std::string text;
  for (const ordered_json& line : metrics()) {
    if (line["epoch"].get<int>() <= epoch) text += line.dump() + '\n';
  }
  write_text(file(kMetrics), text);
}

void RunFolder::write_summary(const Summary& summary) const {
  write_text(file(kSummary), to_json(summary).dump(2) + "\n");
}

fs::path default_run_path(const fs::path& config_file) {
  for (int n = 1;; ++n) {
    const fs::path path = fs::path("runs") / fmt::format("{}-{}", config_file.stem().string(), n);
    if (!fs::exists(path)) return path;
  }
}

}  // namespace lanet
