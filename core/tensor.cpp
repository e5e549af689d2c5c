#include "core/tensor.h"

namespace lanet {

std::string to_string(const Shape& shape) {
  std::string text = "[";
  for (int i = 0; i < shape.rank(); ++i) text += fmt::format("{}{}", i ? ", " : "", shape[i]);
  return text + "]";
}

void require_tensor(const Tensor& tensor, const Shape& shape, DType dtype, const char* name) {
  LANET_REQUIRE(tensor, "{} is absent; expected {} {}", name, to_string(dtype), shape);
  LANET_REQUIRE(tensor.shape == shape && tensor.dtype == dtype, "{} is {} {}; expected {} {}", name,
                tensor.dtype, tensor.shape, dtype, shape);
}

}  // namespace lanet
