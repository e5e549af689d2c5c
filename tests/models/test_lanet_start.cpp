// How LA-Net's parameters start (docs/design.md, "Initialisation").
#include <doctest/doctest.h>

#include <cmath>

#include "core/parameter_io.h"
#include "models/lanet.h"

namespace lanet::test {
namespace {

struct Spread {
  double mean_square = 0, largest = 0;
};
Spread spread(Context& context, const ParameterStore& store, const Parameter& p) {
  Spread s;
  const auto values = read_tensor(context, store.master(p));
  for (const double value : values) {
    s.mean_square += value * value / static_cast<double>(values.size());
    s.largest = std::max(s.largest, std::abs(value));
  }
  return s;
}

}  // namespace

TEST_CASE("lanet: convolutions start He-normal by fan_out, what is linear uniform by fan_in") {
  Context context;
  ParameterStore store(DType::f32, Device::cpu);
  const LaNet model(store, {.classes = 7,
                            .landmarks = 19,
                            .neighbours = 2,
                            .bank_rows = 4,
                            .image_size = 64,
                            .batch = 4,
                            .samples = 4});
  store.allocate(context, /*for_training=*/false);
  store.initialise(context, /*seed=*/3);
  int convolutions = 0, linears = 0;
  for (const Parameter& p : store.parameters()) {
    CAPTURE(p.name);
    const auto shape = p.file_shape();
    const Spread s = spread(context, store, p);
    if (p.layout == FileLayout::ohwi) {
      const double fan_out = static_cast<double>(shape[0] * shape[2] * shape[3]);
      CHECK(s.mean_square == doctest::Approx(2 / fan_out).epsilon(0.1));
      ++convolutions;
    } else if (p.shape.rank() == 2) {  // linear layers, the laterals and lm_fc
      const double limit = 1 / std::sqrt(static_cast<double>(shape[1]));
      CHECK(s.largest <= limit);
      CHECK(s.largest > 0.9 * limit);
      CHECK(s.mean_square == doctest::Approx(limit * limit / 3).epsilon(0.2));
      ++linears;
    }
  }
  CHECK(convolutions == 35);  // the stem, four in layer1, twelve and three shortcuts in a branch
  CHECK(linears >= 18);
}

}  // namespace lanet::test
