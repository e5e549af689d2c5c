// What the tests of conv2d on every device share.
#pragma once

#include "kernels/conv2d/conv2d_cases.h"
#include "tests/device_test.h"

namespace lanet::test {

/// All three passes.
inline Conv2dTensors run(Device device, Conv2dTensors t, bool exact_products = false,
                         int threads = 0) {
  Context context(device, threads);
  context.set_exact_products(exact_products);
  Conv2dPlan plan(context, t.shape, true, true);
  context.reserve_workspace(plan.workspace_bytes());
  t = upload_all(context, std::move(t));
  context.freeze();
  conv2d(context, plan, t.forward());
  conv2d_backward_data(context, plan, t.backward_data());
  conv2d_backward_weight(context, plan, t.backward_weight());
  return download_all(std::move(t));
}

inline void check_bits_equal(const Conv2dTensors& a, const Conv2dTensors& b) {
  CHECK(a.y.bits_equal(b.y));
  CHECK(a.dx.bits_equal(b.dx));
  CHECK(a.dweight.bits_equal(b.dweight));
}

}  // namespace lanet::test
