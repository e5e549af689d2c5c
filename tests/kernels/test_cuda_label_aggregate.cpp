// The CUDA kernels of label_aggregate against the definition in double, from the CPU tests' cases.
#include <optional>

#include "kernels/label_aggregate_ref.h"
#include "tests/device_test.h"
#include "tests/kernels/label_aggregate_inputs.h"

namespace lanet::test {
namespace {

using Inputs = LabelAggregateInputs;
using Run = LabelAggregateRun;

/// What the gradients start from: NaN, or random values to be added to.
Run gradients_before(const LabelAggregateCase& c, DType dtype, bool add) {
  auto gradient = [&](const Shape& shape, uint32_t seed) {
    return add ? OwnedTensor::random(shape, dtype, seed) : OwnedTensor(shape, dtype);
  };
  return {OwnedTensor({c.n, c.classes}, dtype), OwnedTensor({c.n, c.classes}, dtype),
          gradient({c.n, c.k}, 7), gradient({c.n, c.k}, 8), gradient({c.n, c.classes}, 9)};
}

/// `of`: the rows that are aggregated, or all.
Run on_device(const LabelAggregateCase& c, const Inputs& in, bool add,
              std::optional<RowRange> of = {}) {
  const RowRange range = of.value_or(RowRange{0, c.n});
  Context context(Device::cuda);
  const Run before = gradients_before(c, in.logits.dtype(), add);
  const OwnedTensor scores_expression(context, in.scores_expression),
      indices_expression(context, in.indices_expression),
      scores_landmark(context, in.scores_landmark), indices_landmark(context, in.indices_landmark),
      logits(context, in.logits), samples(context, in.samples), bank(context, in.bank),
      dtarget(context, in.dtarget), probabilities(context, before.probabilities),
      target(context, before.target), dscores_expression(context, before.dscores_expression),
      dscores_landmark(context, before.dscores_landmark), dlogits(context, before.dlogits);
  label_aggregate(context, {.scores_expression = view_rows(scores_expression, range),
                            .indices_expression = view_rows(indices_expression, range),
                            .scores_landmark = view_rows(scores_landmark, range),
                            .indices_landmark = view_rows(indices_landmark, range),
                            .logits = logits,
                            .sample_indices = view_rows(samples, range),
                            .bank = bank,
                            .probabilities = probabilities,
                            .target = view_rows(target, range)});
  label_aggregate_backward(context,
                           {.scores_expression = view_rows(scores_expression, range),
                            .indices_expression = view_rows(indices_expression, range),
                            .scores_landmark = view_rows(scores_landmark, range),
                            .indices_landmark = view_rows(indices_landmark, range),
                            .probabilities = probabilities,
                            .dtarget = view_rows(dtarget, range),
                            .dscores_expression = {view_rows(dscores_expression, range), add},
                            .dscores_landmark = {view_rows(dscores_landmark, range), add},
                            .dlogits = {dlogits, add}});
  CHECK(bank.download().bits_equal(in.bank));
  return {probabilities.download(), target.download(), dscores_expression.download(),
          dscores_landmark.download(), dlogits.download()};
}

Run exactly(const LabelAggregateCase& c, const Inputs& inputs, bool add) {
  const Inputs in = inputs.cast(DType::f64);
  const Run before = gradients_before(c, inputs.logits.dtype(), add);
  Run r{before.probabilities.cast(DType::f64), before.target.cast(DType::f64),
        before.dscores_expression.cast(DType::f64), before.dscores_landmark.cast(DType::f64),
        before.dlogits.cast(DType::f64)};
  label_aggregate_ref<double>({.scores_expression = in.scores_expression,
                               .indices_expression = in.indices_expression,
                               .scores_landmark = in.scores_landmark,
                               .indices_landmark = in.indices_landmark,
                               .logits = in.logits,
                               .sample_indices = in.samples,
                               .bank = in.bank,
                               .probabilities = r.probabilities,
                               .target = r.target});
  OwnedTensor scratch({c.n, c.classes}, DType::f64);
  label_aggregate_backward_ref<double>({.scores_expression = in.scores_expression,
                                        .indices_expression = in.indices_expression,
                                        .scores_landmark = in.scores_landmark,
                                        .indices_landmark = in.indices_landmark,
                                        .probabilities = r.probabilities,
                                        .dtarget = in.dtarget,
                                        .dscores_expression = {r.dscores_expression, add},
                                        .dscores_landmark = {r.dscores_landmark, add},
                                        .dlogits = {r.dlogits, add}},
                                       scratch.tensor().as<double>());
  return r;
}

}  // namespace

TEST_CASE("cuda: label_aggregate follows the double definition, set and added, twice the same") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::f64}) {
    for (const auto& c : kLabelAggregateCases) {
      if (c.bench) continue;
      const Inputs in(c, dtype);
      for (const bool add : {false, true}) {
        CAPTURE(to_string(dtype));
        CAPTURE(c.n);
        CAPTURE(add);
        const Run fast = on_device(c, in, add), exact = exactly(c, in, add),
                  again = on_device(c, in, add);
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
    const Inputs in(kRangesCase, dtype);
    check_ranges(on_device(kRangesCase, in, /*add=*/false), dtype, [&](const RowRange& range) {
      return on_device(kRangesCase, in, /*add=*/false, range);
    });
  }
}

TEST_CASE("cuda: label_aggregate: huge logits do not overflow") {
  if (skip_without_device()) return;
  const LabelAggregateCase c{9, 3, 7, 20};
  for (const DType dtype : {DType::f32, DType::f64}) {
    Inputs in(c, dtype);
    in.logits.fill([logits = in.logits](int64_t i) { return logits.at(i) + 1e3; });
    const Run fast = on_device(c, in, false), exact = exactly(c, in, false);
    const double bound = rounding_bound(dtype, c.k, 2);
    CHECK(relative_error(fast.probabilities, exact.probabilities) < bound);
    CHECK(relative_error(fast.target, exact.target) < bound);
  }
}

TEST_CASE("cuda: label_aggregate: gradients that are not wanted are not needed for the others") {
  if (skip_without_device()) return;
  const LabelAggregateCase c{9, 3, 7, 20};
  const Inputs in(c, DType::f32);
  const Run all = on_device(c, in, false);
  Context context(Device::cuda);
  const Run before = gradients_before(c, DType::f32, false);
  const OwnedTensor scores_expression(context, in.scores_expression),
      indices_expression(context, in.indices_expression),
      scores_landmark(context, in.scores_landmark), indices_landmark(context, in.indices_landmark),
      probabilities(context, all.probabilities), dtarget(context, in.dtarget),
      dscores(context, before.dscores_expression), dlogits(context, before.dlogits);
  LabelAggregateBackwardArgs args{.scores_expression = scores_expression,
                                  .indices_expression = indices_expression,
                                  .scores_landmark = scores_landmark,
                                  .indices_landmark = indices_landmark,
                                  .probabilities = probabilities,
                                  .dtarget = dtarget,
                                  .dlogits = {dlogits}};
  label_aggregate_backward(context, args);
  CHECK(dlogits.download().bits_equal(all.dlogits));
  args.dlogits = {};
  args.dscores_expression = {dscores};
  label_aggregate_backward(context, args);
  CHECK(dscores.download().bits_equal(all.dscores_expression));
}

}  // namespace lanet::test
