// The CUDA kernel of kl_divergence against the definition in double, from the CPU tests' cases.
#include "kernels/class_loss_cases.h"
#include "tests/device_test.h"

namespace lanet::test {
namespace {

using Tensors = KlDivergenceTensors;

Tensors run(Device device, const Tensors& in) {
  Context context(device);
  Tensors t = upload_all(context, in);
  kl_divergence(context, t.args());
  return download_all(std::move(t));
}

/// The same with a target of 0 here and there.
Tensors with_zeros(Tensors t) {
  for (int64_t i = 5; i < t.target.elements(); i += 11) t.target.set(i, 0);
  return t;
}

void check(DType dtype, const ClassLossCase& c) {
  CAPTURE(to_string(dtype));
  CAPTURE(c.batch);
  CAPTURE(c.classes);
  const double value = rounding_bound(accumulate_dtype(dtype), c.batch, 2);
  const double gradient = rounding_bound(dtype, c.classes, 2);
  for (const KlDivergenceAdds adds :
       {KlDivergenceAdds{false, false}, {true, true}, {true, false}, {false, true}}) {
    Tensors in = with_zeros({c, dtype, adds});
    in.scale = 0.5;
    const Tensors fast = run(Device::cuda, in), exact = run(Device::cpu, cast_all(in, DType::f64)),
                  again = run(Device::cuda, in);
    CHECK(relative_error(fast.loss, exact.loss) < value);
    CHECK(relative_error(fast.dtarget, exact.dtarget) < gradient);
    CHECK(relative_error(fast.dlogits, exact.dlogits) < gradient);
    CHECK(again.loss.bits_equal(fast.loss));
    CHECK(again.dtarget.bits_equal(fast.dtarget));
    CHECK(again.dlogits.bits_equal(fast.dlogits));
  }
}

}  // namespace

TEST_CASE("cuda: kl_divergence follows the double definition, set and added, twice alike") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    for (const auto& c : kClassLossCases)
      if (!c.bench) check(dtype, c);
    check(dtype, {3, 70});  // more classes than lanes of a warp
  }
}

TEST_CASE("cuda: kl_divergence: a target of 0 adds nothing to the value and gets no gradient") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    for (const bool add : {false, true}) {
      Tensors in({1, 2}, dtype, {add, add});
      in.target.fill([](int64_t i) { return i; });  // one-hot: KL is the cross entropy, here log 2
      in.logits.fill([](int64_t) { return 0.0; });
      const Tensors r = run(Device::cuda, in);
      CHECK(r.loss.at(0) == doctest::Approx(std::log(2.0)));
      CHECK(r.dtarget.at(0) == (add ? in.dtarget.at(0) : 0.0));
      if (add) continue;
      CHECK(r.dlogits.at(0) == 0.5);
      CHECK(r.dlogits.at(1) == -0.5);
    }
  }
}

TEST_CASE("cuda: kl_divergence: each gradient may be left out") {
  if (skip_without_device()) return;
  Tensors in = with_zeros({{3, 7}, DType::f32});
  in.scale = 0.25;
  const Tensors both = run(Device::cuda, in);
  Context context(Device::cuda);
  const Tensors its = upload_all(context, in);
  KlDivergenceArgs args = its.args();
  args.dlogits = {};
  kl_divergence(context, args);
  CHECK(its.loss.download().bits_equal(both.loss));
  CHECK(its.dtarget.download().bits_equal(both.dtarget));
  args = its.args();
  args.dtarget = {};
  kl_divergence(context, args);
  CHECK(its.dlogits.download().bits_equal(both.dlogits));
}

}  // namespace lanet::test
