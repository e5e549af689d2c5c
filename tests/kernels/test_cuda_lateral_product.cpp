// The CUDA kernels of the lateral products against the definition in double, from the CPU test's
// cases.
#include "tests/kernels/lateral_product_run.h"

namespace lanet::test {

TEST_CASE("cuda: the lateral products follow the double definition, set and added") {
  if (skip_without_device()) return;
  for (const auto& c : kLateralCases)
    if (!c.bench) check_laterals(Device::cuda, c);
}

}  // namespace lanet::test
