// The CUDA kernels of label_aggregate against the definition in double, from the CPU tests' cases.
#include "kernels/label_aggregate_ref.h"
#include "tests/device_test.h"
#include "tests/kernels/label_aggregate_ranges.h"

namespace lanet::test {
namespace {

using Tensors = LabelAggregateTensors;

/// With `add`, the same with random gradients to add to.
Tensors with_gradients(Tensors t, bool add) {
  t.added = add;
  uint32_t seed = 7;
  for (OwnedTensor* gradient : t.gradients())
    if (add) *gradient = OwnedTensor::random(gradient->shape(), gradient->dtype(), seed++);
  return t;
}

Tensors on_device(const Tensors& in, bool add) {
  Context context(Device::cuda);
  Tensors t = upload_all(context, with_gradients(in, add));
  label_aggregate(context, t.forward());
  label_aggregate_backward(context, t.backward());
  t = download_all(std::move(t));
  CHECK(t.bank.bits_equal(in.bank));
  return t;
}

Tensors exactly(const Tensors& in, bool add) {
  Tensors t = cast_all(with_gradients(in, add), DType::f64);
  label_aggregate_ref<double>(t.forward());
  OwnedTensor scratch(t.logits.shape(), DType::f64);
  label_aggregate_backward_ref<double>(t.backward(), scratch.tensor().as<double>());
  return t;
}

}  // namespace

TEST_CASE("cuda: label_aggregate follows the double definition, set and added, twice the same") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::f64}) {
    for (const auto& c : kLabelAggregateCases) {
      if (c.bench) continue;
      const Tensors in(c, dtype);
      for (const bool add : {false, true}) {
        CAPTURE(to_string(dtype));
        CAPTURE(c.n);
        CAPTURE(add);
        const Tensors fast = on_device(in, add), exact = exactly(in, add),
                      again = on_device(in, add);
        const double bound = rounding_bound(dtype, c.k, 2);
        CHECK(relative_error(fast.probabilities, exact.probabilities) < bound);
        CHECK(relative_error(fast.target, exact.target) < bound);
        CHECK(relative_error(fast.dlogits, exact.dlogits) < 4 * bound);
        if (c.k > 1 || add) {  // a single neighbour's weight is divided by itself
          CHECK(relative_error(fast.dscores_expression, exact.dscores_expression) < 4 * bound);
          CHECK(relative_error(fast.dscores_landmark, exact.dscores_landmark) < 4 * bound);
        }
        CHECK(again.target.bits_equal(fast.target));
        CHECK(again.dlogits.bits_equal(fast.dlogits));
        CHECK(again.dscores_expression.bits_equal(fast.dscores_expression));
        CHECK(again.dscores_landmark.bits_equal(fast.dscores_landmark));
      }
    }
  }
}

TEST_CASE("cuda: label_aggregate: a range of rows gives those rows of a call over all") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::f64}) {
    check_ranges(dtype, [](const Tensors& in) { return on_device(in, /*add=*/false); });
  }
}

TEST_CASE("cuda: label_aggregate: huge logits do not overflow") {
  if (skip_without_device()) return;
  const LabelAggregateCase c{9, 3, 7, 20};
  for (const DType dtype : {DType::f32, DType::f64}) {
    Tensors in(c, dtype);
    in.logits.fill([logits = in.logits](int64_t i) { return logits.at(i) + 1e3; });
    const Tensors fast = on_device(in, false), exact = exactly(in, false);
    const double bound = rounding_bound(dtype, c.k, 2);
    CHECK(relative_error(fast.probabilities, exact.probabilities) < bound);
    CHECK(relative_error(fast.target, exact.target) < bound);
  }
}

TEST_CASE("cuda: label_aggregate: gradients that are not wanted are not needed for the others") {
  if (skip_without_device()) return;
  const LabelAggregateCase c{9, 3, 7, 20};
  const Tensors in(c, DType::f32);
  const Tensors all = on_device(in, false);
  Tensors before = in;
  before.probabilities = all.probabilities;
  Context context(Device::cuda);
  const Tensors t = upload_all(context, std::move(before));
  LabelAggregateBackwardArgs args = t.backward();
  args.dscores_expression = args.dscores_landmark = {};
  label_aggregate_backward(context, args);
  CHECK(t.dlogits.download().bits_equal(all.dlogits));
  args.dscores_expression = t.backward().dscores_expression;
  args.dlogits = {};
  label_aggregate_backward(context, args);
  CHECK(t.dscores_expression.download().bits_equal(all.dscores_expression));
}

}  // namespace lanet::test
