// A file of its own: what is skipped here must not hide the failure of another example.
#include "tests/project/python_example.h"

namespace lanet::test {

TEST_CASE("export example: ONNX Runtime gives the probabilities of predict") {
  check_example("raf.onnx", "import json, numpy, onnxruntime", "--preprocess --onnx");
}

}  // namespace lanet::test
