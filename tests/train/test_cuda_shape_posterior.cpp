// Shape networks on a device find what they find on the CPU.
#include <cmath>

#include "tests/device_test.h"
#include "tests/train/shape_clouds.h"
#include "train/labels/noise_channel.h"
#include "train/labels/shape_posterior.h"

namespace lanet::test {

TEST_CASE("cuda: shape networks have the CPU's posteriors, and the same bits twice") {
  if (skip_without_device()) return;
  const Clouds clouds;
  const auto posteriors = [&](Device device) {
    ShapePosterior networks(clouds.shapes, clouds.valid, clouds.given, kClasses, /*seed=*/1, device,
                            /*threads=*/1);
    return networks.cross_fit(symmetric_channel(kClasses, kRate), {.networks = 1, .steps = 4});
  };
  const std::vector<double> device = posteriors(Device::cuda), cpu = posteriors(Device::cpu);
  REQUIRE(device.size() == cpu.size());
  double largest = 0;
  for (size_t i = 0; i < cpu.size(); ++i) largest = std::max(largest, std::abs(device[i] - cpu[i]));
  CHECK(largest < 1e-4);  // four steps of Adam, whose first are as large as the learning rate
  CHECK(posteriors(Device::cuda) == device);
}

}  // namespace lanet::test
