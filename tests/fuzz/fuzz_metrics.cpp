// The metrics of a run.
#include <algorithm>
#include <fstream>

#include "core/files/file.h"
#include "tests/fuzz/fuzz.h"
#include "train/config/config.h"
#include "train/run_folder.h"

namespace lanet::fuzz {

const char* const kFileName = "metrics.jsonl";

void parse(const std::filesystem::path& file) {
  write_text(file.parent_path() / RunFolder::kConfig, to_json(Config{}).dump());
  const std::string text = read_text(file);
  const auto lines = std::count(text.begin(), text.end(), '\n');
  RunFolder::open(file.parent_path()).metrics(static_cast<int>(lines), {});
}

}  // namespace lanet::fuzz
