// NumPy arrays.
#include "core/files/npy.h"
#include "tests/fuzz/fuzz.h"

namespace lanet::fuzz {

const char* const kFileName = "array.npy";

void parse(const std::filesystem::path& file) {
  read_npy(file);
}

}  // namespace lanet::fuzz
