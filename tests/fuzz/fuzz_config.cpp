// Configurations.
#include "tests/fuzz/fuzz.h"
#include "train/config/config.h"

namespace lanet::fuzz {

const char* const kFileName = "config.json";

void parse(const std::filesystem::path& file) {
  load_config(file);
}

}  // namespace lanet::fuzz
