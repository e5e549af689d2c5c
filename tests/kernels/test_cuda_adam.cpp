// The CUDA kernel of adam against the definition in double, from the CPU tests' cases.
#include "kernels/adam_cases.h"
#include "kernels/adam_ref.h"
#include "tests/device_test.h"

namespace lanet::test {
namespace {

/// What is there after three steps on the device.
AdamTensors three_steps(const AdamCase& c, DType dtype, double decay) {
  Context context(Device::cuda);
  AdamTensors t = upload_all(context, AdamTensors(c, dtype, decay));
  for (int step = 1; step <= 3; ++step) {
    t.set_step(step, 1e-2 / step, context);
    adam(context, t.args());
    context.synchronize();
  }
  return download_all(std::move(t));
}

}  // namespace

TEST_CASE("cuda: adam follows the double definition over three steps, twice the same") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::f64}) {
    for (const auto& c : kAdamCases) {
      if (c.bench) continue;
      for (const double decay : {0.0, 0.5}) {
        CAPTURE(to_string(dtype));
        CAPTURE(c.parameters);
        CAPTURE(decay);
        const AdamTensors fast = three_steps(c, dtype, decay), again = three_steps(c, dtype, decay);
        AdamTensors exact = AdamTensors(c, dtype, decay).cast(DType::f64);
        for (int t = 1; t <= 3; ++t) {
          exact.set_step(t, 1e-2 / t);
          adam_ref<double>(exact.args());
        }
        const double bound = rounding_bound(dtype, 3, 1);
        CHECK(relative_error(fast.first_moment, exact.first_moment) < bound);
        CHECK(relative_error(fast.second_moment, exact.second_moment) < bound);
        CHECK(relative_error(fast.master, exact.master) < bound);
        CHECK(relative_error(fast.momentum_copy, exact.momentum_copy) < bound);
        CHECK(fast.shadow.bits_equal(fast.master.cast(DType::bf16)));
        CHECK(fast.momentum_shadow.bits_equal(fast.momentum_copy.cast(DType::bf16)));
        CHECK(fast.gradient.bits_equal(AdamTensors(c, dtype).gradient));
        CHECK(fast.decayed.bits_equal(AdamTensors(c, dtype).decayed));
        CHECK(again.master.bits_equal(fast.master));
        CHECK(again.momentum_copy.bits_equal(fast.momentum_copy));
      }
    }
  }
}

TEST_CASE("cuda: adam: what does not decay has the bits of plain Adam") {
  if (skip_without_device()) return;
  const AdamCase c{4101, 2050, 2052};
  const AdamTensors plain = three_steps(c, DType::f32, 0), some = three_steps(c, DType::f32, 0.5);
  const AdamTensors marks(c, DType::f32, 0.5);
  for (int64_t i = 0; i < c.parameters; ++i)
    CHECK((some.master.at(i) != plain.master.at(i)) == adam_decays(marks.args(), i));
}

}  // namespace lanet::test
