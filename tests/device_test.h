// Tests of CUDA kernels: tensors on the device. The same tests run on a GPU and, by the SIMT
// harness (tests/simt/), on the CPU.
#pragma once

#include "tests/op_test.h"

namespace lanet::test {

/// The SIMT harness defines it, and takes note that no kernel may read or write these bytes.
[[gnu::weak]] void watch_guard(const void* begin, size_t bytes);

/// The SIMT harness defines it: kernels of ours and library operations that were launched.
[[gnu::weak]] int64_t launches_so_far();

/// True, with the reason said, where no CUDA device can be used.
inline bool skip_without_device() {
  const std::string problem = device_problem(Device::cuda);
  if (!problem.empty()) MESSAGE("SKIPPED: device cuda: " << problem);
  return !problem.empty();
}

/// A host tensor's copy on a context's device, with guard bytes before and behind it. It starts
/// `shift` elements behind a multiple of 64 bytes: a kernel must not take alignment for granted.
/// On the CPU in double, where operations run their definition, the same test gives the reference.
class DeviceTensor {
 public:
  DeviceTensor(Context& context, const HostTensor& host, int64_t shift = 0)
      : context_(context),
        shape_(host.tensor().shape),
        dtype_(host.tensor().dtype),
        front_(kGuardBytes + shift * static_cast<int64_t>(size_of(dtype_))),
        buffer_(context.allocate(image_bytes())) {
    std::vector<uint8_t> image(image_bytes(), kGuard);
    std::memcpy(image.data() + front_, host.tensor().data, host.tensor().bytes());
    context_.copy(buffer_.tensor({image_bytes()}, DType::u8), host_view(image));
    context_.synchronize();
    if (watch_guard && context.device() == Device::cuda) {
      const auto* begin = static_cast<const std::byte*>(buffer_.data());
      watch_guard(begin, front_);
      watch_guard(begin + image_bytes() - kGuardBytes, kGuardBytes);
    }
  }
  Tensor tensor() const { return buffer_.tensor(shape_, dtype_, front_); }
  operator Tensor() const { return tensor(); }

  /// What the device holds now. Checks the guard bytes.
  HostTensor download() const {
    std::vector<uint8_t> image(image_bytes());
    context_.copy(host_view(image), buffer_.tensor({image_bytes()}, DType::u8));
    context_.synchronize();
    bool intact = true;
    for (int64_t i = 0; i < front_; ++i) intact = intact && image[i] == kGuard;
    for (int64_t i = 1; i <= kGuardBytes; ++i) intact = intact && image[image.size() - i] == kGuard;
    CHECK(intact);
    HostTensor host(shape_, dtype_);
    std::memcpy(host.tensor().data, image.data() + front_, host.tensor().bytes());
    return host;
  }

 private:
  static constexpr int64_t kGuardBytes = 64;
  static constexpr uint8_t kGuard = 0xA5;

  int64_t image_bytes() const {
    return front_ + shape_.elements() * static_cast<int64_t>(size_of(dtype_)) + kGuardBytes;
  }
  static Tensor host_view(std::vector<uint8_t>& image) {
    return {image.data(), {static_cast<int64_t>(image.size())}, DType::u8, Device::cpu};
  }

  Context& context_;
  Shape shape_;
  DType dtype_;
  int64_t front_;  // bytes before the tensor
  Buffer buffer_;
};

}  // namespace lanet::test
