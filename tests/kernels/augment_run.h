// What the tests of augment on every device share.
#pragma once

#include "kernels/augment_cases.h"
#include "tests/device_test.h"

namespace lanet::test {

inline AugmentTensors run(Device device, AugmentTensors t, int threads = 2) {
  Context context(device, threads);
  context.reserve_workspace(t.workspace_bytes(context));
  t = upload_all(context, std::move(t));
  context.freeze();
  augment(context, t.augmentation());
  return download_all(std::move(t));
}

}  // namespace lanet::test
