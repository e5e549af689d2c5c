// Kernels with one bug each, which the harness must find.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/context.h"
#include "core/cuda/launch.h"

namespace lanet::planted {

/// Runs the kernel; throws Error if the result is wrong, which is how the plain build finds bugs.
using Bug = std::function<void(Context&)>;

inline std::map<std::string, Bug>& bugs() {
  static std::map<std::string, Bug> all;
  return all;
}
struct Plant {
  Plant(const char* name, Bug bug) { bugs()[name] = std::move(bug); }
};

/// Values on the device.
template <typename T>
class DeviceArray {
 public:
  DeviceArray(Context& context, const std::vector<T>& values)
      : context_(context), size_(values.size()), buffer_(context.allocate(size_ * sizeof(T))) {
    std::vector<T> copy = values;
    context_.copy(view(), {copy.data(), shape(), DType::u8, Device::cpu});
  }
  T* data() const { return static_cast<T*>(buffer_.data()); }
  std::vector<T> download() const {
    std::vector<T> values(size_);
    context_.copy({values.data(), shape(), DType::u8, Device::cpu}, view());
    return values;
  }
  void expect(const std::vector<T>& wanted) const {
    if (download() != wanted) throw Error("wrong result");
  }

 private:
  Shape shape() const { return {static_cast<int64_t>(size_ * sizeof(T))}; }
  Tensor view() const { return buffer_.tensor(shape(), DType::u8); }

  Context& context_;
  size_t size_;
  Buffer buffer_;
};

}  // namespace lanet::planted
