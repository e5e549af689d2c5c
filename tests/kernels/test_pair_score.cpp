#include <optional>

#include "kernels/pair_score_cases.h"
#include "kernels/pair_score_cpu.h"
#include "tests/op_test.h"

namespace lanet::test {
namespace {

using Tensors = PairScoreTensors;

enum class Path { operation, fast_double };

/// Forward and backward; `start`: whose gradients are added to, or null to set them.
Tensors run(Tensors t, Tensors* start = nullptr, Path path = Path::operation) {
  Context context;
  context.reserve_workspace(t.workspace_bytes());
  if (start) {
    t.added = 0x7F;
    for (size_t i = 0; i < t.gradients().size(); ++i)
      *t.gradients()[i] = start->gradients()[i]->cast(t.h.dtype());
  }
  if (path == Path::operation) {
    pair_score(context, t.forward());
    pair_score_backward(context, t.backward());
  } else {
    auto* workspace = static_cast<double*>(context.workspace(context.workspace_bytes()));
    pair_score_cpu<double>(context, t.forward(), workspace);
    pair_score_backward_cpu<double>(context, t.backward(), workspace);
  }
  for (const OwnedTensor* tensor : t.all()) CHECK(tensor->guards_intact());
  return t;
}

/// The same with random gradients, to add to.
Tensors with_random_gradients(Tensors t) {
  for (OwnedTensor* gradient : t.gradients())
    *gradient = OwnedTensor::random(gradient->shape(), gradient->dtype(), 9);
  return t;
}

}  // namespace

TEST_CASE("pair_score: gradients agree with central differences, and 1.01 of them do not") {
  for (const auto& c : kPairScoreCases) {
    if (c.bench || c.d > 20) continue;
    CAPTURE(c.d);
    const Tensors all(c, DType::f64);
    for (Tensors in : {all, all.part({c.n / 3, c.n / 2})}) {
      CAPTURE(in.first_row);
      Tensors r = run(in);
      auto loss = [&] { return dot(run(in).scores, in.dscores); };
      for (size_t i = 0; i < r.gradients().size(); ++i) {
        CAPTURE(i);
        OwnedTensor &x = *in.parameters()[i], &dx = *r.gradients()[i];
        CHECK(gradient_error(x, dx, loss) < 1e-7);
        dx = dx.scaled(1.01);
        CHECK(gradient_error(x, dx, loss) > 5e-3);
      }
    }
  }
}

TEST_CASE("pair_score: the first layer split over the samples equals the network on each pair") {
  for (const auto& c : kPairScoreCases) {
    if (c.bench) continue;
    CAPTURE(c.d);
    const Tensors in(c, DType::f64);
    Tensors definition = run(in), split = run(in, nullptr, Path::fast_double);
    CHECK(relative_error(split.scores, definition.scores) < 1e-14);
    for (size_t i = 0; i < split.gradients().size(); ++i)
      CHECK(relative_error(*split.gradients()[i], *definition.gradients()[i]) < 1e-13);
  }
}

TEST_CASE("pair_score: f32 follows the double definition, set and added, twice the same") {
  for (const auto& c : kPairScoreCases) {
    if (c.bench && c.d != 64) continue;
    CAPTURE(c.d);
    const Tensors in(c, DType::f32), in64 = cast_all(in, DType::f64);
    Tensors fast = run(in), exact = run(in64), again = run(in);
    const double bound = rounding_bound(DType::f32, c.d, 2);
    CHECK(relative_error(fast.scores, exact.scores) < bound);
    CHECK(relative_error(fast.hidden0, exact.hidden0) < bound);
    CHECK(relative_error(fast.hidden2, exact.hidden2) < bound);
    Tensors start = with_random_gradients(fast);
    Tensors added = run(in, &start), added_exact = run(in64, &start);
    for (size_t i = 0; i < fast.gradients().size(); ++i) {
      CAPTURE(i);
      CHECK(relative_error(*fast.gradients()[i], *exact.gradients()[i]) < 4 * bound);
      CHECK(relative_error(*added.gradients()[i], *added_exact.gradients()[i]) < 4 * bound);
      CHECK(again.gradients()[i]->bits_equal(*fast.gradients()[i]));
    }
  }
}

TEST_CASE("pair_score: ranges give the rows of a call over all, and gradients that sum to its") {
  struct Kind {
    DType dtype;
    Path path;
  };
  for (const auto& [dtype, path] :
       {Kind{DType::f32, Path::operation}, Kind{DType::f64, Path::operation},
        Kind{DType::f64, Path::fast_double}}) {
    for (const auto& c : kPairScoreCases) {
      if (c.n < 3 || (c.bench && c.d != 64)) continue;
      CAPTURE(dtype);
      CAPTURE(c.d);
      const Tensors in(c, dtype);
      Tensors all = run(in, nullptr, path);
      const double bound = rounding_bound(dtype, c.d, 2);
      std::optional<Tensors> sums;
      for (const RowRange& range : split_rows(c.n)) {
        CAPTURE(range.first);
        Tensors part = run(in.part(range), sums ? &*sums : nullptr, path);
        const RowRange pairs{range.first * c.k, range.count * c.k};
        CHECK(relative_error(part.scores, all.scores.rows(range)) < bound);
        CHECK(relative_error(part.hidden0, all.hidden0.rows(pairs)) < bound);
        CHECK(relative_error(part.hidden2, all.hidden2.rows(pairs)) < bound);
        sums = std::move(part);
      }
      for (size_t i = 0; i < all.gradients().size(); ++i) {
        CAPTURE(i);
        CHECK(relative_error(*sums->gradients()[i], *all.gradients()[i]) < 4 * bound);
      }
    }
  }
}

TEST_CASE("pair_score: outside the range the first half of h gets 0, or nothing is added") {
  const PairScoreCase c{9, 20, 8};
  const RowRange range{3, 2};
  for (const DType dtype : {DType::f32, DType::f64}) {
    const Tensors in = Tensors(c, dtype).part(range);
    const Tensors set = run(in);
    Tensors start = with_random_gradients(set);
    const Tensors added = run(in, &start);
    for (int64_t e = 0; e < c.n * c.d; ++e) {
      const int64_t row = e / c.d;
      if (e % c.d >= c.d / 2 || (row >= range.first && row < range.first + range.count)) continue;
      CHECK(set.dh.at(e) == 0.0);
      CHECK(added.dh.at(e) == start.dh.at(e));
    }
  }
}

TEST_CASE("pair_score: who is chosen by nobody gets no gradient in the second half of h") {
  for (const DType dtype : {DType::f32, DType::f64}) {
    Tensors in({5, 12, 2}, dtype);
    in.indices.fill([](int64_t e) { return e % 2 ? 3 : 4; });  // 3 and 4 by all, 0, 1, 2 by none
    const Tensors r = run(in);
    for (int64_t i = 0; i < 3; ++i)
      for (int64_t c = 6; c < 12; ++c) CHECK(r.dh.at(i * 12 + c) == 0.0);
    double first_half = 0, chosen = 0;
    for (int64_t c = 0; c < 6; ++c) {
      first_half += std::abs(r.dh.at(c));
      chosen += std::abs(r.dh.at(3 * 12 + 6 + c));
    }
    CHECK(first_half > 0);
    CHECK(chosen > 0);
  }
}

TEST_CASE("pair_score: gradients that are not wanted are not needed for the others") {
  const PairScoreCase c{5, 12, 3};
  for (const DType dtype : {DType::f32, DType::f64}) {
    const Tensors in(c, dtype);
    const Tensors full = run(in);
    Context context;
    context.reserve_workspace(full.workspace_bytes());
    const OwnedTensor dh({c.n, c.d}, dtype);
    PairScoreBackwardArgs args = full.backward();
    args.dh = {dh};
    args.dweight0 = args.dbias0 = args.dweight2 = args.dbias2 = args.dweight4 = args.dbias4 = {};
    pair_score_backward(context, args);
    CHECK(dh.bits_equal(full.dh));
  }
}

TEST_CASE("pair_score: a width that has no quarter and an index out of range are refused") {
  CHECK_THROWS_WITH_AS(run(Tensors({5, 6, 2}, DType::f32)),
                       doctest::Contains("rows of 6 elements; expected a multiple of 4"), Error);
  Tensors in({5, 8, 2}, DType::f32);
  in.indices.set(3, 5);
  CHECK_THROWS_WITH_AS(run(in), doctest::Contains("indices[3] is 5; expected 0 to 4"), Error);
}

TEST_CASE("pair_score: rows that h does not have are refused") {
  Tensors in({5, 8, 2}, DType::f32);
  in.first_row = 1;
  CHECK_THROWS_WITH_AS(run(in), doctest::Contains("5 rows from row 1 on, out of 5"), Error);
  in.first_row = -1;
  CHECK_THROWS_WITH_AS(run(in), doctest::Contains("5 rows from row -1 on, out of 5"), Error);
}

}  // namespace lanet::test
