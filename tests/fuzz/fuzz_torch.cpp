// Files of torch.save of any version, and pickles of NumPy arrays.
#include "core/files/torch_file.h"
#include "tests/fuzz/fuzz.h"

namespace lanet::fuzz {

const char* const kFileName = "weights.pth";

void parse(const std::filesystem::path& file) {
  read_torch_file(file);
}

}  // namespace lanet::fuzz
