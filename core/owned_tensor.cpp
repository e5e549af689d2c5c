#include "core/owned_tensor.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "core/arena.h"
#include "core/rng.h"

namespace lanet {

namespace {

constexpr size_t kGuardBytes = 64;
constexpr std::byte kGuard{0xA5};
/// Bytes before a tensor on the host: 16 past a multiple of 64.
constexpr size_t kHostFront = kGuardBytes + 16;

void write_unset(const Tensor& tensor) {
  dispatch_any(tensor.dtype, [&]<typename T>() {
    if constexpr (std::is_integral_v<T>)
      std::memset(tensor.data, 0x7F, tensor.bytes());
    else
      std::fill_n(tensor.as<T>(), tensor.elements(), T(std::numeric_limits<float>::quiet_NaN()));
  });
}

void write_elements(const Tensor& tensor, const OwnedTensor::Element& element) {
  dispatch_any(tensor.dtype, [&]<typename T>() {
    T* const to = tensor.as<T>();
    for (int64_t i = 0; i < tensor.elements(); ++i) to[i] = static_cast<T>(element(i));
  });
}

bool all_guard(const std::byte* begin, size_t bytes) {
  return std::all_of(begin, begin + bytes, [](std::byte b) { return b == kGuard; });
}

}  // namespace

Context& host_context() {
  static Context context;
  return context;
}

OwnedTensor::OwnedTensor(Context& context, const Shape& shape, DType dtype, size_t front,
                         const std::function<void(const Tensor&)>& fill)
    : context_(&context),
      front_(front),
      buffer_(context.allocate(front + static_cast<size_t>(shape.elements()) * size_of(dtype) +
                               kGuardBytes)),
      view_(buffer_.tensor(shape, dtype, front)) {
  if (context.counts_only()) return;
  const bool on_host = context.device() == Device::cpu;
  std::vector<std::byte> staged(on_host ? 0 : buffer_.bytes());
  auto* const begin = on_host ? static_cast<std::byte*>(buffer_.data()) : staged.data();
  const size_t after = front + view_.bytes();
  std::fill_n(begin, front, kGuard);
  std::fill_n(begin + after, kGuardBytes, kGuard);
  fill({begin + front, shape, dtype, Device::cpu});
  if (on_host) return;
  upload(context, image(), staged);
  if (watch_guard) {
    watch_guard(buffer_.data(), front);
    watch_guard(static_cast<const std::byte*>(buffer_.data()) + after, kGuardBytes);
  }
}

OwnedTensor::OwnedTensor(Context& context, const Shape& shape, DType dtype, const Element& element)
    : OwnedTensor(context, shape, dtype, &context == &host_context() ? kHostFront : kArenaAlignment,
                  [&](const Tensor& to) {
                    if (element)
                      write_elements(to, element);
                    else
                      write_unset(to);
                  }) {}

OwnedTensor::OwnedTensor(Context& context, const OwnedTensor& host, int64_t shift)
    : OwnedTensor(context, host.shape(), host.dtype(),
                  (context.device() == Device::cpu ? kHostFront : kGuardBytes) +
                      static_cast<size_t>(shift) * size_of(host.dtype()),
                  [&](const Tensor& to) { std::memcpy(to.data, host.host().data, to.bytes()); }) {}

OwnedTensor::OwnedTensor(const OwnedTensor& other) {
  if (!other.view_) return;
  *this = OwnedTensor(other.shape(), other.dtype());
  std::memcpy(view_.data, other.host().data, view_.bytes());
}

OwnedTensor& OwnedTensor::operator=(OwnedTensor other) noexcept {
  std::swap(context_, other.context_);
  std::swap(front_, other.front_);
  std::swap(buffer_, other.buffer_);
  std::swap(view_, other.view_);
  return *this;
}

OwnedTensor OwnedTensor::random(Context& context, const Shape& shape, DType dtype, uint32_t seed,
                                double lo, double hi) {
  RandomStream stream(seed, Purpose::test);
  return OwnedTensor(context, shape, dtype,
                     [&](int64_t) { return lo + (hi - lo) * stream.uniform(); });
}

OwnedTensor random_rows(Context& context, const Shape& shape, DType dtype, uint32_t seed, double lo,
                        double hi, const std::function<void(std::vector<double>&)>& finish) {
  RandomStream stream(seed, Purpose::test);
  std::vector<double> row(static_cast<size_t>(shape[1]));
  return OwnedTensor(context, shape, dtype, [&](int64_t i) {
    const size_t column = static_cast<size_t>(i) % row.size();
    if (column == 0) {
      for (double& x : row) x = lo + (hi - lo) * stream.uniform();
      finish(row);
    }
    return row[column];
  });
}

Tensor OwnedTensor::image() const {
  return buffer_.tensor({static_cast<int64_t>(buffer_.bytes())}, DType::u8);
}

OwnedTensor OwnedTensor::download() const {
  std::vector<std::byte> bytes(buffer_.bytes());
  context_->copy({bytes.data(), image().shape, DType::u8, Device::cpu}, image());
  context_->synchronize();
  const size_t after = front_ + view_.bytes();
  if (!all_guard(bytes.data(), front_) || !all_guard(bytes.data() + after, kGuardBytes))
    throw Error(fmt::format("bytes around a tensor of {} {} were written to", dtype(), shape()));
  OwnedTensor result(shape(), dtype());
  std::memcpy(result.view_.data, bytes.data() + front_, view_.bytes());
  return result;
}

OwnedTensor OwnedTensor::cast(DType dtype) const {
  return OwnedTensor(shape(), dtype, [&](int64_t i) { return at(i); });
}

OwnedTensor OwnedTensor::scaled(double factor) const {
  return OwnedTensor(shape(), dtype(), [&](int64_t i) { return factor * at(i); });
}

OwnedTensor OwnedTensor::rows(const RowRange& range) const {
  const Tensor part = host().rows(range.first, range.count);
  OwnedTensor other(part.shape, part.dtype);
  std::memcpy(other.view_.data, part.data, part.bytes());
  return other;
}

bool OwnedTensor::guards_intact() const {
  const auto* end = static_cast<const std::byte*>(host().data) + view_.bytes();
  return all_guard(static_cast<const std::byte*>(buffer_.data()), front_) &&
         all_guard(end, kGuardBytes);
}

bool OwnedTensor::bits_equal(const OwnedTensor& other) const {
  return view_.bytes() == other.view_.bytes() &&
         std::memcmp(host().data, other.host().data, view_.bytes()) == 0;
}

}  // namespace lanet
