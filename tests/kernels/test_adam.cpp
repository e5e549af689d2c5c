#include "kernels/adam_cases.h"
#include "kernels/adam_ref.h"
#include "tests/op_test.h"

namespace lanet::test {

TEST_CASE("adam: f32 and f64 follow the double definition over three steps, twice the same") {
  Context context;
  for (const DType dtype : {DType::f32, DType::f64}) {
    for (const auto& c : kAdamCases) {
      if (c.bench) continue;
      for (const double decay : {0.0, 0.5}) {
        CAPTURE(to_string(dtype));
        CAPTURE(c.parameters);
        CAPTURE(decay);
        AdamTensors fast(c, dtype, decay), again = fast, exact = fast.cast(DType::f64);
        for (int t = 1; t <= 3; ++t) {
          for (AdamTensors* state : {&fast, &again, &exact}) state->set_step(t, 1e-2 / t);
          adam(context, fast.args());
          adam(context, again.args());
          adam_ref<double>(exact.args());
        }
        const double bound = rounding_bound(dtype, 3, 1);
        CHECK(relative_error(fast.first_moment, exact.first_moment) < bound);
        CHECK(relative_error(fast.second_moment, exact.second_moment) < bound);
        CHECK(relative_error(fast.master, exact.master) < bound);
        CHECK(relative_error(fast.momentum_copy, exact.momentum_copy) < bound);
        // The bf16 copies are the rounded numbers themselves.
        CHECK(fast.shadow.bits_equal(fast.master.cast(DType::bf16)));
        CHECK(fast.momentum_shadow.bits_equal(fast.momentum_copy.cast(DType::bf16)));
        for (OwnedTensor AdamTensors::*member :
             {&AdamTensors::master, &AdamTensors::first_moment, &AdamTensors::second_moment,
              &AdamTensors::momentum_copy, &AdamTensors::shadow, &AdamTensors::momentum_shadow}) {
          CHECK((fast.*member).guards_intact());
          CHECK((again.*member).bits_equal(fast.*member));
        }
        CHECK(fast.gradient.bits_equal(AdamTensors(c, dtype).gradient));
        CHECK(fast.decayed.bits_equal(AdamTensors(c, dtype).decayed));
      }
    }
  }
}

TEST_CASE("adam: the same bits for any number of threads") {
  AdamTensors one(kAdamCases[3], DType::f32, 0.5);
  {
    Context context(Device::cpu, 1);
    adam(context, one.args());
  }
  for (const int threads : {2, 3, 5}) {
    Context context(Device::cpu, threads);
    AdamTensors other(kAdamCases[3], DType::f32, 0.5);
    adam(context, other.args());
    CHECK(other.master.bits_equal(one.master));
    CHECK(other.momentum_copy.bits_equal(one.momentum_copy));
  }
}

TEST_CASE("adam: one step by hand, and a gradient scaled by 1.01 is seen in the second step") {
  Context context;
  AdamTensors state({1, 1}, DType::f64);
  state.master.set(0, 1.0);
  state.momentum_copy.set(0, 2.0);
  state.first_moment.set(0, 0.0);
  state.second_moment.set(0, 0.0);
  state.gradient.set(0, 0.5);
  adam(context, state.args());
  // m̂ = g and v̂ = g²: the step is the learning rate, whatever the gradient.
  const double first = 1.0 - 1e-2 * 0.5 / (0.5 + 1e-8);
  CHECK(state.master.at(0) == doctest::Approx(first).epsilon(1e-14));
  CHECK(state.first_moment.at(0) == doctest::Approx(0.05).epsilon(1e-14));
  CHECK(state.second_moment.at(0) == doctest::Approx(0.00025).epsilon(1e-14));
  // The copy follows the new parameter.
  CHECK(state.momentum_copy.at(0) == doctest::Approx(0.999 * 2 + 0.001 * first).epsilon(1e-14));

  auto second_step = [&](double gradient) {
    AdamTensors next = state;
    next.gradient.set(0, gradient);
    next.set_step(2, 1e-2);
    adam(context, next.args());
    return next.master.at(0);
  };
  const double m = 0.9 * 0.05 + 0.1 * 1, v = 0.999 * 0.00025 + 0.001 * 1;
  const double m_hat = m / (1 - 0.81), v_hat = v / (1 - 0.998001);
  const double second = first - 1e-2 * m_hat / (std::sqrt(v_hat) + 1e-8);
  CHECK(second_step(1.0) == doctest::Approx(second).epsilon(1e-13));
  CHECK(std::abs(second_step(1.01) - second) > 1e-6);
}

TEST_CASE("adam: momentum copy and shadows may be absent, and change nothing else") {
  Context context;
  AdamTensors all({4099, 2050}, DType::f32), bare = all;
  adam(context, all.args());
  AdamArgs args = bare.args();
  args.momentum_copy = args.shadow = args.momentum_shadow = {};
  adam(context, args);
  CHECK(bare.master.bits_equal(all.master));
  CHECK(bare.momentum_copy.bits_equal(AdamTensors({4099, 2050}, DType::f32).momentum_copy));
  CHECK(std::isnan(bare.shadow.at(0)));
}

TEST_CASE("adam: a zero gradient on zero moments leaves the parameter") {
  Context context;
  AdamTensors state({5, 5}, DType::f32);
  for (OwnedTensor* t : {&state.gradient, &state.first_moment, &state.second_moment})
    t->fill([](int64_t) { return 0.0; });
  const OwnedTensor before = state.master;
  adam(context, state.args());
  CHECK(state.master.bits_equal(before));
}

TEST_CASE("adam: weight decay is decoupled, of the marked groups alone, and known to no moment") {
  Context context;
  AdamTensors state({200, 0}, DType::f64, 0.5);
  for (OwnedTensor* t : {&state.gradient, &state.first_moment, &state.second_moment})
    t->fill([](int64_t) { return 0.0; });
  state.master.fill([](int64_t) { return 3.0; });
  adam(context, state.args());  // of the groups 0 to 3 the first and the last are marked
  for (int64_t i = 0; i < 200; ++i) {
    const bool decays = i < 64 || i >= 192;
    CHECK(state.master.at(i) == doctest::Approx(decays ? 3 - 1e-2 * 0.5 * 3 : 3).epsilon(1e-15));
    CHECK(state.first_moment.at(i) == 0.0);
    CHECK(state.second_moment.at(i) == 0.0);
  }
}

TEST_CASE("adam: what does not decay has the bits of plain Adam") {
  Context context;
  for (const DType dtype : {DType::f32, DType::f64}) {
    AdamTensors plain({4101, 2050, 2052}, dtype), some({4101, 2050, 2052}, dtype, 0.5),
        unmarked = some;
    unmarked.decayed.fill([](int64_t) { return 0; });
    AdamArgs without_marks = plain.args();
    without_marks.decayed = {};
    adam(context, without_marks);
    adam(context, unmarked.args());
    adam(context, some.args());
    CHECK(unmarked.master.bits_equal(plain.master));
    CHECK(unmarked.momentum_copy.bits_equal(plain.momentum_copy));
    for (int64_t i = 0; i < 4101; ++i)
      CHECK((some.master.at(i) != plain.master.at(i)) == adam_decays(some.args(), i));
  }
}

TEST_CASE("adam: a weight decay below 0 and one without marks are refused") {
  Context context;
  AdamTensors state({70, 0}, DType::f32, -0.5);
  CHECK_THROWS_WITH_AS(adam(context, state.args()), doctest::Contains("weight_decay is -0.5"),
                       Error);
  state.weight_decay = 0.5;
  state.decayed = OwnedTensor({1}, DType::u8);
  CHECK_THROWS_WITH_AS(adam(context, state.args()),
                       doctest::Contains("decayed is u8 [1]; expected u8 [2]"), Error);
}

TEST_CASE(
    "adam: a hyperparameter that is not given is refused, without a copy its momentum is not") {
  Context context;
  AdamTensors state({7, 3}, DType::f32);
  for (double AdamArgs::*member :
       {&AdamArgs::beta1, &AdamArgs::beta2, &AdamArgs::epsilon, &AdamArgs::key_momentum}) {
    AdamArgs args = state.args();
    args.*member = AdamArgs{}.*member;
    const char* name = member == &AdamArgs::beta1     ? "beta1"
                       : member == &AdamArgs::beta2   ? "beta2"
                       : member == &AdamArgs::epsilon ? "epsilon"
                                                      : "key_momentum";
    CHECK_THROWS_WITH_AS(adam(context, args),
                         doctest::Contains(fmt::format("adam: {} is not given", name).c_str()),
                         Error);
  }
  AdamArgs bare = state.args();
  bare.key_momentum = AdamArgs{}.key_momentum;
  bare.momentum_copy = bare.momentum_shadow = {};
  CHECK_NOTHROW(adam(context, bare));
}

TEST_CASE("adam: a momentum copy longer than the master is refused") {
  Context context;
  AdamTensors state({3, 4}, DType::f32);
  CHECK_THROWS_WITH_AS(adam(context, state.args()),
                       doctest::Contains("momentum_copy is f32 [4] of a master f32 [3]"), Error);
}

}  // namespace lanet::test
