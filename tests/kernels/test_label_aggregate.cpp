#include "tests/kernels/label_aggregate_ranges.h"

namespace lanet::test {
namespace {

using Tensors = LabelAggregateTensors;

/// Forward and backward; `start`: whose gradients are added to, or null to set them.
Tensors run(Tensors t, const Tensors* start = nullptr) {
  Context context;
  context.reserve_workspace(t.workspace_bytes());
  const OwnedTensor bank = t.bank;
  if (start) {
    t.added = true;
    t.dscores_expression = start->dscores_expression.cast(t.logits.dtype());
    t.dscores_landmark = start->dscores_landmark.cast(t.logits.dtype());
    t.dlogits = start->dlogits.cast(t.logits.dtype());
  }
  label_aggregate(context, t.forward());
  label_aggregate_backward(context, t.backward());
  for (const OwnedTensor* tensor : t.all()) CHECK(tensor->guards_intact());
  CHECK(t.bank.bits_equal(bank));
  return t;
}

/// The published form: the whole matrix of weights, N x N, with ε/N on every entry.
OwnedTensor dense_target(const Tensors& in) {
  const int64_t n = in.logits.shape()[0], classes = in.logits.shape()[1];
  const int64_t k = in.scores_expression.shape()[1];
  const double epsilon = 1e-8;
  OwnedTensor target({n, classes}, DType::f64);
  target.fill([&](int64_t e) {
    return 0.9 * in.bank.at(in.samples.at(e / classes) * classes + e % classes);
  });
  for (int space = 0; space < 2; ++space) {
    const OwnedTensor& scores = space ? in.scores_landmark : in.scores_expression;
    const OwnedTensor& indices = space ? in.indices_landmark : in.indices_expression;
    for (int64_t i = 0; i < n; ++i) {
      std::vector<double> weight(n, epsilon / static_cast<double>(n));
      for (int64_t s = i * k; s < (i + 1) * k; ++s)
        weight[static_cast<int64_t>(indices.at(s))] += scores.at(s);
      double sum = 0;
      for (const double w : weight) sum += w;
      for (int64_t j = 0; j < n; ++j) {
        double normaliser = 0;
        for (int64_t c = 0; c < classes; ++c) normaliser += std::exp(in.logits.at(j * classes + c));
        for (int64_t c = 0; c < classes; ++c) {
          const double p = std::exp(in.logits.at(j * classes + c)) / normaliser;
          const int64_t e = i * classes + c;
          target.set(e, target.at(e) + 0.1 * 0.5 * weight[j] / sum * p);
        }
      }
    }
  }
  return target;
}

}  // namespace

TEST_CASE("label_aggregate: the sums over neighbours equal the published N x N form") {
  for (const auto& c : kLabelAggregateCases) {
    if (c.bench) continue;
    const Tensors in(c, DType::f64);
    CHECK(relative_error(run(in).target, dense_target(in)) < 1e-13);
  }
}

TEST_CASE("label_aggregate: gradients agree with central differences, and 1.01 of them do not") {
  for (const auto& c : kLabelAggregateCases) {
    if (c.bench) continue;
    Tensors in(c, DType::f64);
    Tensors r = run(in);
    auto loss = [&] { return dot(run(in).target, in.dtarget); };
    auto check = [&](OwnedTensor& x, OwnedTensor& dx) {
      CHECK(gradient_error(x, dx, loss) < 1e-7);
      dx = dx.scaled(1.01);
      CHECK(gradient_error(x, dx, loss) > 5e-3);
    };
    check(in.logits, r.dlogits);
    if (c.k == 1) continue;  // a single neighbour's weight is divided by itself
    check(in.scores_expression, r.dscores_expression);
    check(in.scores_landmark, r.dscores_landmark);
  }
}

TEST_CASE("label_aggregate: f32 follows the double definition, set and added, twice the same") {
  for (const auto& c : kLabelAggregateCases) {
    if (c.bench) continue;
    CAPTURE(c.n);
    const Tensors in(c, DType::f32), in64 = cast_all(in, DType::f64);
    const Tensors fast = run(in), exact = run(in64);
    const double bound = rounding_bound(DType::f32, c.k, 2);
    CHECK(relative_error(fast.probabilities, exact.probabilities) < bound);
    CHECK(relative_error(fast.target, exact.target) < bound);
    CHECK(relative_error(fast.dlogits, exact.dlogits) < 4 * bound);
    if (c.k > 1) {
      CHECK(relative_error(fast.dscores_expression, exact.dscores_expression) < 4 * bound);
      CHECK(relative_error(fast.dscores_landmark, exact.dscores_landmark) < 4 * bound);
    }
    Tensors start = fast;
    start.dlogits = OwnedTensor::random({c.n, c.classes}, DType::f32, 7);
    start.dscores_expression = OwnedTensor::random({c.n, c.k}, DType::f32, 8);
    start.dscores_landmark = OwnedTensor::random({c.n, c.k}, DType::f32, 9);
    const Tensors added = run(in, &start), added_exact = run(in64, &start);
    CHECK(relative_error(added.dlogits, added_exact.dlogits) < bound);
    CHECK(relative_error(added.dscores_expression, added_exact.dscores_expression) < bound);
    CHECK(relative_error(added.dscores_landmark, added_exact.dscores_landmark) < bound);
    const Tensors again = run(in);
    CHECK(again.target.bits_equal(fast.target));
    CHECK(again.dlogits.bits_equal(fast.dlogits));
    CHECK(again.dscores_landmark.bits_equal(fast.dscores_landmark));
  }
}

TEST_CASE("label_aggregate: a range of rows gives those rows of a call over all") {
  for (const DType dtype : {DType::f32, DType::f64}) {
    check_ranges(dtype, [](const Tensors& in) { return run(in); });
  }
}

TEST_CASE("label_aggregate: a range's gradient of the logits is of its own targets") {
  Tensors in(kRangesCase, DType::f64);
  for (const RowRange& range : kRanges) {
    in.range = range;
    const auto loss = [&] {
      const OwnedTensor target = run(in).target;
      double sum = 0;
      for (int64_t e = range.first * kRangesCase.classes;
           e < (range.first + range.count) * kRangesCase.classes; ++e)
        sum += target.at(e) * in.dtarget.at(e);
      return sum;
    };
    const OwnedTensor dlogits = run(in).dlogits;
    CHECK(gradient_error(in.logits, dlogits, loss) < 1e-7);
    CHECK(gradient_error(in.logits, dlogits.scaled(1.01), loss) > 5e-3);
  }
}

TEST_CASE("label_aggregate: with all weights zero the estimate is the mean of the batch") {
  const LabelAggregateCase c{9, 3, 7, 20};
  Tensors in(c, DType::f64);
  in.scores_expression.fill([](int64_t) { return 0.0; });
  in.scores_landmark.fill([](int64_t) { return 0.0; });
  const Tensors r = run(in);
  for (int64_t e = 0; e < c.n * c.classes; ++e) {
    double mean = 0;
    for (int64_t j = 0; j < c.n; ++j)
      mean += r.probabilities.at(j * c.classes + e % c.classes) / static_cast<double>(c.n);
    const double history = in.bank.at(in.samples.at(e / c.classes) * c.classes + e % c.classes);
    CHECK(r.target.at(e) == doctest::Approx(0.9 * history + 0.1 * mean).epsilon(1e-12));
  }
}

TEST_CASE("label_aggregate: a sample twice in a batch has one history") {
  const LabelAggregateCase c{9, 3, 7, 20};
  for (const DType dtype : {DType::f32, DType::f64}) {
    Tensors in(c, dtype);
    const Tensors once = run(in);  // all different
    const auto row = static_cast<int64_t>(in.samples.at(2));
    const auto replaced = static_cast<int64_t>(in.samples.at(6));
    in.samples.set(6, in.samples.at(2));
    const Tensors twice = run(in);
    for (int64_t k = 0; k < c.classes; ++k) {
      const double moved =
          0.9 * (in.bank.at(row * c.classes + k) - in.bank.at(replaced * c.classes + k));
      CHECK(twice.target.at(2 * c.classes + k) == once.target.at(2 * c.classes + k));
      CHECK(std::abs(twice.target.at(6 * c.classes + k) - once.target.at(6 * c.classes + k) -
                     moved) < 1e-6);
    }
  }
}

TEST_CASE(
    "label_aggregate: a momentum of the bank that is not given is refused, in both directions") {
  Tensors in({9, 3, 7, 20}, DType::f32);
  const Tensors r = run(in);
  Context context;
  context.reserve_workspace(r.workspace_bytes());
  LabelAggregateBackwardArgs backward = r.backward();
  backward.bank_momentum = LabelAggregateBackwardArgs{}.bank_momentum;
  CHECK_THROWS_WITH_AS(label_aggregate_backward(context, backward),
                       doctest::Contains("label_aggregate_backward: bank_momentum is not given"),
                       Error);
  in.bank_momentum = LabelAggregateArgs{}.bank_momentum;
  CHECK_THROWS_WITH_AS(run(in), doctest::Contains("label_aggregate: bank_momentum is not given"),
                       Error);
}

TEST_CASE("label_aggregate: a sample or neighbour out of range is named, and no rows are refused") {
  Tensors in({9, 3, 7, 20}, DType::f32);
  in.samples.set(4, 20);
  CHECK_THROWS_WITH_AS(run(in), doctest::Contains("sample_indices[4] is 20; expected 0 to 19"),
                       Error);
  in.samples.set(4, 0);
  in.indices_landmark.set(2, -1);
  CHECK_THROWS_WITH_AS(run(in), doctest::Contains("indices_landmark[2] is -1; expected 0 to 8"),
                       Error);
  in.range = {0, 0};
  CHECK_THROWS_WITH_AS(run(in), doctest::Contains("0 rows of a batch of 9"), Error);
}

}  // namespace lanet::test
