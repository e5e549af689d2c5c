// Whole runs on two devices, against one.
#include "core/cuda/devices.h"
#include "tests/cuda/small_run.h"
#include "tests/device_test.h"

namespace lanet::test {

TEST_CASE("cuda: two devices train as one does with the same batch") {
  if (skip_without_device()) return;
  if (cuda::device_count() < 2) {
    MESSAGE("SKIPPED: two devices are needed, and there is one");
    return;
  }
  const SmallFaces folder;
  const std::string together = trained(folder, "two", "", "--gpus 0,1");
  CHECK(std::filesystem::exists(std::filesystem::path(together) / "plans.json"));
  check_first_losses(together, trained(folder, "one", "", ""));
}

}  // namespace lanet::test
