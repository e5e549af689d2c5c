// Sizes and tensors for the tests and the benchmark of the lateral products.
#pragma once

#include "core/owned_tensor.h"
#include "core/rng.h"
#include "kernels/lateral_product.h"

namespace lanet {

struct LateralCase {
  int64_t rows, depth;
  std::array<int64_t, 4> columns;
  bool bench = false;
};
inline constexpr LateralCase kLateralCases[] = {{1, 1, {1, 1, 1, 1}},
                                                {3, 5, {7, 2, 9, 4}},
                                                {13, 37, {29, 32, 33, 65}},
                                                {40, 18, {3, 64, 31, 100}},
                                                {19, 64, {64, 128, 256, 512}, true},
                                                {24, 64, {64, 128, 256, 512}, true},
                                                {128, 64, {64, 128, 256, 512}, true}};

/// What the three products read and write.
struct LateralProductTensors {
  using Four = std::array<OwnedTensor, 4>;

  OwnedTensor a, sum;      // [R, D]
  Four lateral, dlateral;  // [D, C_i]
  Four x, y;               // [R, C_i]; x is dy as well
  bool added;              ///< to what is written

  /// across: of x and y; dtype: of the others. The numbers are some that every dtype holds.
  LateralProductTensors(const LateralCase& c, DType dtype, DType across, bool add = false,
                        Context& context = host_context())
      : added(add) {
    const auto random = [&](const Shape& shape, DType type, uint32_t seed) {
      RandomStream stream(seed, Purpose::test);
      return OwnedTensor(context, shape, type, [&](int64_t) {
        return static_cast<double>(bfloat16(2 * stream.uniform() - 1));
      });
    };
    uint32_t seed = 0;
    const auto make = [&](OwnedTensor& read, OwnedTensor& written, const Shape& shape, DType type) {
      read = random(shape, type, ++seed);
      written = added ? random(shape, type, 99 + seed) : OwnedTensor(context, shape, type);
    };
    make(a, sum, {c.rows, c.depth}, dtype);
    for (size_t i = 0; i < 4; ++i) {
      make(lateral[i], dlateral[i], {c.depth, c.columns[i]}, dtype);
      make(x[i], y[i], {c.rows, c.columns[i]}, across);
    }
  }
  std::vector<OwnedTensor*> all() {
    std::vector<OwnedTensor*> tensors = {&a, &sum};
    for (Four* four : {&lateral, &dlateral, &x, &y})
      for (OwnedTensor& tensor : *four) tensors.push_back(&tensor);
    return tensors;
  }
  static LateralTensors read(const Four& t) { return {t[0], t[1], t[2], t[3]}; }
  LateralGradients written(const Four& t) const {
    return {Gradient{t[0], added}, {t[1], added}, {t[2], added}, {t[3], added}};
  }
  LateralExpandArgs expand() const { return {.a = a, .lateral = read(lateral), .y = written(y)}; }
  LateralContractArgs contract() const {
    return {.x = read(x), .lateral = read(lateral), .sum = {sum, added}};
  }
  LateralGradientArgs gradient() const {
    return {.a = a, .dy = read(x), .dlateral = written(dlateral)};
  }
};

}  // namespace lanet
