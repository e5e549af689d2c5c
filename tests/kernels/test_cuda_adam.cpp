// The CUDA kernel of adam against the definition in double, from the CPU tests' cases.
#include "kernels/adam_ref.h"
#include "tests/device_test.h"
#include "tests/kernels/adam_state.h"

namespace lanet::test {

namespace {

/// The state after three steps on the device.
AdamState three_steps(const AdamCase& c, DType dtype, double decay) {
  Context context(Device::cuda);
  const AdamState host = adam_state(c, dtype, decay);
  const OwnedTensor master(context, host.master), rounded(context, host.rounded_gradient),
      gradient(context, host.gradient), first(context, host.first_moment),
      second(context, host.second_moment), copy(context, host.momentum_copy),
      shadow(context, host.shadow), copy_shadow(context, host.momentum_shadow),
      decayed(context, host.decayed);
  const bool follows = c.followed > 0;
  for (int t = 1; t <= 3; ++t) {
    AdamState values = adam_state({1, 0}, dtype);
    values.set_step(t, 1e-2 / t);
    const OwnedTensor step_values(context, values.step_values);
    adam(context, {.master = master,
                   .rounded_gradient = c.rounded > 0 ? rounded.tensor() : Tensor{},
                   .gradient = gradient,
                   .first_moment = first,
                   .second_moment = second,
                   .momentum_copy = follows ? copy.tensor() : Tensor{},
                   .shadow = shadow,
                   .momentum_shadow = follows ? copy_shadow.tensor() : Tensor{},
                   .decayed = decayed,
                   .step_values = step_values,
                   .beta1 = 0.9,
                   .beta2 = 0.999,
                   .epsilon = 1e-8,
                   .key_momentum = 0.999,
                   .weight_decay = decay});
    context.synchronize();
  }
  return AdamState{master.download(), rounded.download(),     gradient.download(),
                   first.download(),  second.download(),      copy.download(),
                   shadow.download(), copy_shadow.download(), decayed.download(),
                   host.step_values};
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
        const AdamState fast = three_steps(c, dtype, decay), again = three_steps(c, dtype, decay);
        AdamState exact = adam_state(c, dtype, decay).cast(DType::f64);
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
        CHECK(fast.gradient.bits_equal(adam_state(c, dtype).gradient));
        CHECK(fast.decayed.bits_equal(adam_state(c, dtype).decayed));
        CHECK(again.master.bits_equal(fast.master));
        CHECK(again.momentum_copy.bits_equal(fast.momentum_copy));
      }
    }
  }
}

TEST_CASE("cuda: adam: what does not decay has the bits of plain Adam") {
  if (skip_without_device()) return;
  const AdamCase c{4101, 2050, 2052};
  const AdamState plain = three_steps(c, DType::f32, 0), some = three_steps(c, DType::f32, 0.5);
  const AdamState marks = adam_state(c, DType::f32, 0.5);
  for (int64_t i = 0; i < c.parameters; ++i)
    CHECK((some.master.at(i) != plain.master.at(i)) == adam_decays(marks.args(), i));
}

}  // namespace lanet::test
