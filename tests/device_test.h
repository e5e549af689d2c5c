// Tests of CUDA kernels. The same tests run on a GPU and, by the SIMT harness (tests/simt/), on the
// CPU.
#pragma once

#include "tests/op_test.h"

namespace lanet::test {

/// The SIMT harness defines it: kernels of ours and library operations that were launched.
[[gnu::weak]] int64_t launches_so_far();

/// True, with the reason said, where no CUDA device can be used.
inline bool skip_without_device() {
  const std::string problem = device_problem(Device::cuda);
  if (!problem.empty()) MESSAGE("SKIPPED: device cuda: " << problem);
  return !problem.empty();
}

}  // namespace lanet::test
