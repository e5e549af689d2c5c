// Tensor: a non-owning view of dense row-major memory. Images are NHWC, convolution weights OHWI.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>

#include "core/dtype.h"

namespace lanet {

enum class Device : uint8_t { cpu, cuda };

constexpr std::string_view to_string(Device device) {
  return device == Device::cpu ? "cpu" : "cuda";
}

/// Up to four dimensions.
class Shape {
 public:
  static constexpr int kMaxRank = 4;

  Shape() = default;
  Shape(std::initializer_list<int64_t> dims) {
    LANET_REQUIRE(dims.size() <= kMaxRank, "a shape of rank {}", dims.size());
    for (const int64_t d : dims) dims_[rank_++] = d;
  }

  int rank() const { return rank_; }
  int64_t operator[](int i) const { return dims_[i]; }
  int64_t back() const { return dims_[rank_ - 1]; }
  int64_t elements() const {
    int64_t n = 1;
    for (int i = 0; i < rank_; ++i) n *= dims_[i];
    return n;
  }
  /// The same with another first dimension.
  Shape with_rows(int64_t count) const {
    Shape shape = *this;
    shape.dims_[0] = count;
    return shape;
  }
  bool operator==(const Shape&) const = default;

 private:
  int64_t dims_[kMaxRank] = {};
  int rank_ = 0;
};

/// `[16, 56, 56, 64]`
std::string to_string(const Shape& shape);

/// A view: it owns nothing and is copied freely. A null view stands for "not wanted" or "absent".
struct Tensor {
  void* data = nullptr;
  Shape shape;
  DType dtype = DType::f32;
  Device device = Device::cpu;

  explicit operator bool() const { return data != nullptr; }
  int64_t elements() const { return shape.elements(); }
  size_t bytes() const { return static_cast<size_t>(elements()) * size_of(dtype); }

  /// The elements as T; throws if the tensor holds another dtype.
  template <typename T>
  T* as() const {
    LANET_REQUIRE(dtype == dtype_of<T>(), "a {} tensor read as {}", to_string(dtype),
                  to_string(dtype_of<T>()));
    return static_cast<T*>(data);
  }
  /// Rows first to first + count - 1 of [N, ...], in place; throws if there are not so many.
  Tensor rows(int64_t first, int64_t count) const;
  /// The same memory under another shape of as many elements.
  Tensor reshaped(const Shape& other) const {
    LANET_REQUIRE(other.elements() == elements(), "{} reshaped to {}", to_string(shape),
                  to_string(other));
    return {data, other, dtype, device};
  }
};

/// Where a gradient goes. The first writer of a gradient in a step sets it, later ones add to it;
/// which is which is decided when the graph is planned. A null tensor: no gradient is wanted.
struct Gradient {
  Tensor tensor;
  bool add = false;

  explicit operator bool() const { return static_cast<bool>(tensor); }
};

/// The dtype in which the gradient of a convolution's weight is written, for images of `images`: on
/// CUDA theirs, as cuDNN writes it; on the CPU that of sums.
constexpr DType weight_gradient_dtype(Device device, DType images) {
  return device == Device::cuda ? images : accumulate_dtype(images);
}

/// Writes one element of a gradient: sets or adds.
template <typename T, typename A>
inline void write_gradient(T& place, A value, bool add) {
  place = add ? T(A(place) + value) : T(value);
}

/// Requires `tensor` to have this shape and dtype; `name` is the argument's name in the message.
void require_tensor(const Tensor& tensor, const Shape& shape, DType dtype, const char* name);

}  // namespace lanet

template <>
struct fmt::formatter<lanet::Shape> : fmt::formatter<std::string> {
  auto format(const lanet::Shape& shape, format_context& ctx) const {
    return formatter<std::string>::format(lanet::to_string(shape), ctx);
  }
};
template <>
struct fmt::formatter<lanet::DType> : fmt::formatter<std::string_view> {
  auto format(lanet::DType dtype, format_context& ctx) const {
    return formatter<std::string_view>::format(lanet::to_string(dtype), ctx);
  }
};
template <>
struct fmt::formatter<lanet::Device> : fmt::formatter<std::string_view> {
  auto format(lanet::Device device, format_context& ctx) const {
    return formatter<std::string_view>::format(lanet::to_string(device), ctx);
  }
};
