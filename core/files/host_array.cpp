#include "core/files/host_array.h"

#include <bit>

namespace lanet {

size_t size_of(HostDType dtype) {
  switch (dtype) {
    case HostDType::f64:
    case HostDType::i64:
      return 8;
    case HostDType::f32:
    case HostDType::i32:
      return 4;
    case HostDType::bf16:
      return 2;
    case HostDType::u8:
      return 1;
  }
  return 0;
}

std::string_view to_string(HostDType dtype) {
  switch (dtype) {
    case HostDType::f64:
      return "f64";
    case HostDType::i64:
      return "i64";
    case HostDType::f32:
      return "f32";
    case HostDType::i32:
      return "i32";
    case HostDType::bf16:
      return "bf16";
    case HostDType::u8:
      return "u8";
  }
  return "?";
}

HostDType host_dtype(DType dtype) {
  switch (dtype) {
    case DType::f64:
      return HostDType::f64;
    case DType::f32:
      return HostDType::f32;
    case DType::i32:
      return HostDType::i32;
    case DType::bf16:
      return HostDType::bf16;
    case DType::u8:
      return HostDType::u8;
  }
  throw Error("a dtype that is none");
}

float half_to_float(uint16_t bits) {
  const uint32_t sign = (bits & 0x8000u) << 16, exponent = (bits >> 10) & 0x1Fu,
                 fraction = bits & 0x3FFu;
  if (exponent == 0) {  // zero or subnormal: fraction · 2^-24
    const float magnitude = static_cast<float>(fraction) * 0x1p-24f;
    return std::bit_cast<float>(std::bit_cast<uint32_t>(magnitude) | sign);
  }
  const uint32_t wide_exponent = exponent == 31 ? 255 : exponent - 15 + 127;
  return std::bit_cast<float>(sign | wide_exponent << 23 | fraction << 13);
}

bool bytes_of(const std::vector<int64_t>& shape, size_t element_bytes, int64_t& bytes) {
  bytes = static_cast<int64_t>(element_bytes);
  if (shape.size() > HostArray::kMaxRank) return false;
  bool empty = false;
  for (const int64_t d : shape) {
    if (d < 0 || (d > 0 && __builtin_mul_overflow(bytes, d, &bytes))) return false;
    empty = empty || d == 0;
  }
  if (empty) bytes = 0;
  return true;
}

HostArray::HostArray(std::vector<int64_t> shape_, HostDType dtype_)
    : shape(std::move(shape_)), dtype(dtype_) {
  int64_t size = 0;
  LANET_REQUIRE(bytes_of(shape, size_of(dtype), size), "an array of shape {}", to_string(shape));
  bytes.resize(static_cast<size_t>(size));
}

int64_t HostArray::elements() const {
  return static_cast<int64_t>(bytes.size() / size_of(dtype));
}

double HostArray::at(int64_t i) const {
  LANET_REQUIRE(i >= 0 && i < elements(), "element {} of {}", i, elements());
  return dispatch([&]<typename S>() { return convert_element<double>(read<S>(i)); });
}

std::string to_string(const std::vector<int64_t>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

void throw_not_integer(double value, std::string_view type) {
  throw Error(fmt::format("{} where a whole number in the range of {} is needed", value, type));
}

}  // namespace lanet
