// HostArray: an owned array on the host as files hold it, in any element type a file may use; and a
// set of named ones. What safetensors, PyTorch and NumPy files are read into and written from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/dtype.h"

namespace lanet {

/// Element types of files. Those of the engine (DType), and i64, which the engine does not compute
/// with.
enum class HostDType : uint8_t { f32, f64, bf16, i64, i32, u8 };

size_t size_of(HostDType dtype);
std::string_view to_string(HostDType dtype);
HostDType host_dtype(DType dtype);

template <typename T>
constexpr HostDType host_dtype_of() {
  if constexpr (std::is_same_v<T, float>)
    return HostDType::f32;
  else if constexpr (std::is_same_v<T, double>)
    return HostDType::f64;
  else if constexpr (std::is_same_v<T, bfloat16>)
    return HostDType::bf16;
  else if constexpr (std::is_same_v<T, int64_t>)
    return HostDType::i64;
  else if constexpr (std::is_same_v<T, int32_t>)
    return HostDType::i32;
  else {
    static_assert(std::is_same_v<T, uint8_t>, "not an element type");
    return HostDType::u8;
  }
}

/// The float that an IEEE half (float16) stands for; exact.
float half_to_float(uint16_t bits);

struct HostArray {
  static constexpr int kMaxRank = 8;

  std::vector<int64_t> shape;  ///< empty: one scalar
  HostDType dtype = HostDType::f32;
  std::vector<std::byte> bytes;  ///< row-major, elements() · size_of(dtype) of them

  HostArray() = default;
  /// Zeros.
  HostArray(std::vector<int64_t> shape, HostDType dtype);

  template <typename T>
  static HostArray from(std::vector<int64_t> shape, std::span<const T> values) {
    HostArray array(std::move(shape), host_dtype_of<T>());
    LANET_REQUIRE(values.size_bytes() == array.bytes.size(), "{} values for {} elements",
                  values.size(), array.elements());
    if (!values.empty()) std::memcpy(array.bytes.data(), values.data(), array.bytes.size());
    return array;
  }

  int64_t elements() const;
  /// Element i of the row-major order. An i64 beyond 2^53 is rounded.
  double at(int64_t i) const;
  /// All elements as T (float, double, bfloat16, int64_t, int32_t, uint8_t), rounded to nearest
  /// where T is a narrower floating type. Throws Error where T is an integer type and an element is
  /// not a whole number within its range.
  template <typename T>
  std::vector<T> to() const;
  bool operator==(const HostArray&) const = default;

 private:
  template <typename S>
  S read(int64_t i) const {
    S value;
    std::memcpy(&value, bytes.data() + static_cast<size_t>(i) * sizeof(S), sizeof(S));
    return value;
  }
  /// Calls f.template operator()<S>() with the C++ type of the elements.
  template <typename F>
  decltype(auto) dispatch(F&& f) const;
};

/// `[3, 19, 2]`
std::string to_string(const std::vector<int64_t>& shape);

struct NamedArrays {
  std::map<std::string, HostArray> arrays;
  std::map<std::string, std::string> metadata;
  /// What a pickle holds beside them and was not read: the class of each object by its name.
  std::map<std::string, std::string> skipped;
  bool operator==(const NamedArrays&) const = default;
};

/// The bytes that `shape` takes in `dtype`. False if a dimension is negative, if there are more
/// than HostArray::kMaxRank of them, or if the product does not fit in an int64_t.
bool bytes_of(const std::vector<int64_t>& shape, size_t element_bytes, int64_t& bytes);

/// Throws Error: `value` is no whole number within the range of the integer type asked for.
[[noreturn]] void throw_not_integer(double value, std::string_view type);

template <typename F>
decltype(auto) HostArray::dispatch(F&& f) const {
  switch (dtype) {
    case HostDType::f32:
      return f.template operator()<float>();
    case HostDType::f64:
      return f.template operator()<double>();
    case HostDType::bf16:
      return f.template operator()<bfloat16>();
    case HostDType::i64:
      return f.template operator()<int64_t>();
    case HostDType::i32:
      return f.template operator()<int32_t>();
    case HostDType::u8:
      return f.template operator()<uint8_t>();
  }
  throw Error("an array of no known element type");
}

/// One element as T; the rule of HostArray::to.
template <typename T, typename S>
T convert_element(S value) {
  if constexpr (std::is_same_v<T, S>) {
    return value;
  } else if constexpr (!std::is_integral_v<T>) {
    if constexpr (std::is_same_v<S, bfloat16>)
      return T(static_cast<float>(value));
    else if constexpr (std::is_same_v<T, bfloat16>)
      return T(static_cast<double>(value));
    else
      return static_cast<T>(value);
  } else if constexpr (std::is_integral_v<S>) {
    if (!std::in_range<T>(value))
      throw_not_integer(static_cast<double>(value), to_string(host_dtype_of<T>()));
    return static_cast<T>(value);
  } else {
    // Both limits as powers of two, hence exact: NaN fails the first comparison.
    constexpr double low = static_cast<double>(std::numeric_limits<T>::min());
    constexpr double end = 2.0 * static_cast<double>(std::numeric_limits<T>::max() / 2 + 1);
    const double wide = static_cast<double>(static_cast<accumulate_t<S>>(value));
    if (!(wide >= low && wide < end) || wide != static_cast<double>(static_cast<T>(wide)))
      throw_not_integer(wide, to_string(host_dtype_of<T>()));
    return static_cast<T>(wide);
  }
}

template <typename T>
std::vector<T> HostArray::to() const {
  return dispatch([&]<typename S>() {
    std::vector<T> values(static_cast<size_t>(elements()));
    for (size_t i = 0; i < values.size(); ++i)
      values[i] = convert_element<T>(read<S>(static_cast<int64_t>(i)));
    return values;
  });
}

}  // namespace lanet
