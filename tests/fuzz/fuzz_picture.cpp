// Pictures: JPEG, PNG and WebP.
#include "data/image.h"
#include "tests/fuzz/fuzz.h"

namespace lanet::fuzz {

const char* const kFileName = "picture.jpg";

void parse(const std::filesystem::path& file) {
  decode_image(file.string());
}

}  // namespace lanet::fuzz
