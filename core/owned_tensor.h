// OwnedTensor: what tests and benchmarks compute with.
#pragma once

#include <functional>

#include "core/context.h"

namespace lanet {

/// Defined by the SIMT harness (tests/simt/), which reports every kernel that reads or writes these
/// bytes; null in other programs.
[[gnu::weak]] void watch_guard(const void* begin, size_t bytes);

struct RowRange {
  int64_t first, count;
};

/// The context of an OwnedTensor for which none is given, on the host.
Context& host_context();

/// A tensor that owns its memory, on the host or on a context's device, with guard bytes before and
/// after it. Elements that are not given are NaN (integers: bytes of 0x7F), so that those which an
/// operation fails to write show. Copies are deep, and only tensors on the host can be copied.
/// Where the context only counts, a tensor has an address and no elements.
class OwnedTensor {
 public:
  using Element = std::function<double(int64_t)>;

  /// Holds nothing.
  OwnedTensor() = default;
  /// `element`, if given, is called for each i in order; its results are rounded to `dtype`. The
  /// tensor lies at a multiple of 256 bytes, as in an arena, but in host_context() at 16 bytes past
  /// a multiple of 64: tests find operations that assume more.
  OwnedTensor(Context& context, const Shape& shape, DType dtype, const Element& element = {});
  OwnedTensor(const Shape& shape, DType dtype, const Element& element = {})
      : OwnedTensor(host_context(), shape, dtype, element) {}
  /// A copy of a host tensor on the context's device, `shift` elements past a multiple of 64 bytes,
  /// on the CPU 16 bytes further. On the CPU in double, where operations run their definition, a
  /// test of a device gives the reference.
  OwnedTensor(Context& context, const OwnedTensor& host, int64_t shift = 0);
  OwnedTensor(const OwnedTensor& other);
  OwnedTensor(OwnedTensor&&) noexcept = default;
  OwnedTensor& operator=(OwnedTensor other) noexcept;

  /// Uniform values in [lo, hi) that depend on `seed` alone, rounded to `dtype`.
  static OwnedTensor random(Context& context, const Shape& shape, DType dtype, uint32_t seed,
                            double lo = -1, double hi = 1);
  static OwnedTensor random(const Shape& shape, DType dtype, uint32_t seed, double lo = -1,
                            double hi = 1) {
    return random(host_context(), shape, dtype, seed, lo, hi);
  }

  const Tensor& tensor() const { return view_; }
  operator const Tensor&() const { return view_; }
  const Shape& shape() const { return view_.shape; }
  DType dtype() const { return view_.dtype; }
  int64_t elements() const { return view_.elements(); }

  /// What the device holds now, on the host. Throws Error if a guard byte was written to.
  OwnedTensor download() const;

  // The rest is for tensors on the host, and throws elsewhere.

  double at(int64_t i) const {
    return dispatch_any(dtype(),
                        [&]<typename T>() { return static_cast<double>(host().as<T>()[i]); });
  }
  void set(int64_t i, double value) {
    dispatch_any(dtype(), [&]<typename T>() { host().as<T>()[i] = static_cast<T>(value); });
  }
  template <typename F>
  void fill(F&& value_at) {
    for (int64_t i = 0; i < elements(); ++i) set(i, value_at(i));
  }
  /// The same values in another dtype, rounded where it is narrower.
  OwnedTensor cast(DType dtype) const;
  OwnedTensor scaled(double factor) const;
  OwnedTensor rows(const RowRange& range) const;
  /// True if nothing was written outside the tensor.
  bool guards_intact() const;
  bool bits_equal(const OwnedTensor& other) const;

 private:
  /// Allocates, and writes the guards and what `fill` writes.
  OwnedTensor(Context& context, const Shape& shape, DType dtype, size_t front,
              const std::function<void(const Tensor&)>& fill);
  Tensor image() const;
  const Tensor& host() const {
    LANET_REQUIRE(view_.device == Device::cpu, "elements of a tensor on {} used on the host",
                  view_.device);
    return view_;
  }

  Context* context_ = nullptr;
  size_t front_ = 0;  // bytes before the tensor
  Buffer buffer_;
  Tensor view_;
};

/// [N, C] with rows drawn uniformly from [lo, hi), each of which `finish` may change.
OwnedTensor random_rows(Context& context, const Shape& shape, DType dtype, uint32_t seed, double lo,
                        double hi, const std::function<void(std::vector<double>&)>& finish);

/// For structs whose all() lists their tensors, some of which may hold nothing: a copy with the
/// floating tensors in `dtype`, with all tensors on the context's device, or with all on the host.
template <typename Tensors>
Tensors cast_all(Tensors tensors, DType dtype) {
  for (OwnedTensor* t : tensors.all())
    if (t->tensor() && t->dtype() != DType::i32 && t->dtype() != DType::u8) *t = t->cast(dtype);
  return tensors;
}
template <typename Tensors>
Tensors upload_all(Context& context, Tensors tensors) {
  for (OwnedTensor* t : tensors.all())
    if (t->tensor()) *t = OwnedTensor(context, *t);
  return tensors;
}
template <typename Tensors>
Tensors download_all(Tensors tensors) {
  for (OwnedTensor* t : tensors.all())
    if (t->tensor()) *t = t->download();
  return tensors;
}

}  // namespace lanet
