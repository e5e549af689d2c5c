// A file of its own: what is skipped here must not hide the failure of another example.
#include "tests/project/python_example.h"

namespace lanet::test {

TEST_CASE("export example: torchvision gives the probabilities of predict") {
  check_example("raf.safetensors", "import json, numpy, torch, torchvision", "--safetensors");
}

}  // namespace lanet::test
