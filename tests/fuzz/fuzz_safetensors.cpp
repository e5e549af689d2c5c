// Files of safetensors, and checkpoints of this program.
#include "core/files/safetensors.h"
#include "tests/fuzz/fuzz.h"
#include "train/checkpoint.h"

namespace lanet::fuzz {

const char* const kFileName = "weights.safetensors";

void parse(const std::filesystem::path& file) {
  const NamedArrays content = read_safetensors(file);
  if (is_checkpoint(content)) checkpoint_info(content, file.string());
}

}  // namespace lanet::fuzz
