#include "core/tensor.h"

namespace lanet {

std::string to_string(const Shape& shape) {
  std::string text = "[";
  for (int i = 0; i < shape.rank(); ++i) text += fmt::format("{}{}", i ? ", " : "", shape[i]);
  return text + "]";
}

Tensor Tensor::rows(int64_t first, int64_t count) const {
  LANET_REQUIRE(shape.rank() > 0 && first >= 0 && count >= 0 && first <= shape[0] - count,
                "{} rows from row {} on, of {}", count, first, shape);
  const size_t row_bytes = static_cast<size_t>(shape.with_rows(1).elements()) * size_of(dtype);
  return {static_cast<std::byte*>(data) + static_cast<size_t>(first) * row_bytes,
          shape.with_rows(count), dtype, device};
}

void require_tensor(const Tensor& tensor, const Shape& shape, DType dtype, const char* name) {
  LANET_REQUIRE(tensor, "{} is absent; expected {} {}", name, to_string(dtype), shape);
  LANET_REQUIRE(tensor.shape == shape && tensor.dtype == dtype, "{} is {} {}; expected {} {}", name,
                tensor.dtype, tensor.shape, dtype, shape);
}

}  // namespace lanet
