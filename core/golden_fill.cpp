#include "core/golden_fill.h"

#include "core/hash.h"

namespace lanet {

namespace {

/// Element `index` of the uniform sequence that starts at `seed`.
double uniform(uint64_t seed, int64_t index) {
  uint64_t z = seed + static_cast<uint64_t>(index + 1) * 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  z ^= z >> 31;
  return static_cast<double>(z >> 40) * 0x1p-24;
}

}  // namespace

std::vector<double> golden_fill(std::string_view name, int64_t elements, double lo, double hi) {
  std::vector<double> values(elements);
  golden_fill(name, {values.data(), {elements}, DType::f64, Device::cpu}, lo, hi);
  return values;
}

void golden_fill(std::string_view name, const Tensor& out, double lo, double hi) {
  LANET_REQUIRE(out.device == Device::cpu, "golden_fill of a tensor on device {}", out.device);
  const uint64_t seed = fnv1a(name);
  dispatch_float(out.dtype, [&]<typename T>() {
    T* data = out.as<T>();
    for (int64_t i = 0; i < out.elements(); ++i) data[i] = T(lo + (hi - lo) * uniform(seed, i));
  });
}

}  // namespace lanet
