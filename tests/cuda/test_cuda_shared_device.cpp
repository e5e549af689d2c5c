// Two processes on one device, which exchange by way of the host: it is where several ranks can be
// tried without several devices.
#include "tests/cuda/small_run.h"
#include "tests/device_test.h"
#include "tests/train/mpirun.h"

namespace lanet::test {

TEST_CASE("cuda: two processes that share a device by way of the host train as one does") {
  if (skip_without_device()) return;
  if (skipped()) return;
  const SmallFaces folder;
  const std::string mpirun = "CUDA_VISIBLE_DEVICES=0 " + kMpirun + "-np 2 ";
  const std::string together = trained(folder, "two", mpirun, "");
  check_first_losses(together, trained(folder, "one", "", ""));
}

}  // namespace lanet::test
