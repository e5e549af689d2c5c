// Plans of experiments.
#include "core/files/file.h"
#include "tests/fuzz/fuzz.h"
#include "train/experiment/plan.h"

namespace lanet::fuzz {

const char* const kFileName = "plan.json";

void parse(const std::filesystem::path& file) {
  write_text(file.parent_path() / "config.json", R"({"data": {"root": "."}})");
  load_plan(file);
}

}  // namespace lanet::fuzz
