#include "kernels/pair_score.h"

#include "kernels/pair_score_cpu.h"
#include "tests/kernels/pair_score_inputs.h"

namespace lanet::test {
namespace {

using Inputs = PairScoreInputs;

struct Run {
  OwnedTensor scores, hidden0, hidden2;
  std::vector<OwnedTensor> gradients;  // as Inputs::parameters()
};

enum class Path { operation, fast_double };

/// Forward and backward; `start`: what the gradients are added to, or null to set them.
Run run(const Inputs& in, const std::vector<OwnedTensor>* start = nullptr,
        Path path = Path::operation) {
  Context context;
  const Shape shape = in.h.shape(), pairs = in.indices.shape();
  const DType dtype = in.h.dtype();
  context.reserve_workspace(pair_score_workspace_bytes(shape[0], shape[1], pairs[1], dtype));
  Run r{OwnedTensor(pairs, dtype),
        OwnedTensor({pairs.elements(), shape[1] / 2}, dtype),
        OwnedTensor({pairs.elements(), shape[1] / 4}, dtype),
        {}};
  Inputs parameters = in;
  for (size_t i = 0; i < parameters.parameters().size(); ++i)
    r.gradients.push_back(start ? (*start)[i].cast(dtype)
                                : OwnedTensor(parameters.parameters()[i]->shape(), dtype));
  const PairScoreArgs forward{.h = in.h,
                              .indices = in.indices,
                              .weight0 = in.weight0,
                              .bias0 = in.bias0,
                              .weight2 = in.weight2,
                              .bias2 = in.bias2,
                              .weight4 = in.weight4,
                              .bias4 = in.bias4,
                              .scores = r.scores,
                              .hidden0 = r.hidden0,
                              .hidden2 = r.hidden2,
                              .first_row = in.first_row};
  const bool add = start != nullptr;
  const PairScoreBackwardArgs backward{.h = in.h,
                                       .indices = in.indices,
                                       .weight0 = in.weight0,
                                       .weight2 = in.weight2,
                                       .weight4 = in.weight4,
                                       .scores = r.scores,
                                       .hidden0 = r.hidden0,
                                       .hidden2 = r.hidden2,
                                       .dscores = in.dscores,
                                       .dh = {r.gradients[0], add},
                                       .dweight0 = {r.gradients[1], add},
                                       .dbias0 = {r.gradients[2], add},
                                       .dweight2 = {r.gradients[3], add},
                                       .dbias2 = {r.gradients[4], add},
                                       .dweight4 = {r.gradients[5], add},
                                       .dbias4 = {r.gradients[6], add},
                                       .first_row = in.first_row};
  if (path == Path::operation) {
    pair_score(context, forward);
    pair_score_backward(context, backward);
  } else {
    auto* workspace = static_cast<double*>(context.workspace(context.workspace_bytes()));
    pair_score_cpu<double>(context, forward, workspace);
    pair_score_backward_cpu<double>(context, backward, workspace);
  }
  CHECK(r.scores.guards_intact());
  CHECK(r.hidden0.guards_intact());
  CHECK(r.hidden2.guards_intact());
  for (const OwnedTensor& gradient : r.gradients) CHECK(gradient.guards_intact());
  return r;
}

}  // namespace

TEST_CASE("pair_score: gradients agree with central differences, and 1.01 of them do not") {
  for (const auto& c : kPairScoreCases) {
    if (c.bench || c.d > 20) continue;
    CAPTURE(c.d);
    const Inputs all(c, DType::f64);
    for (Inputs in : {all, all.part({c.n / 3, c.n / 2})}) {
      CAPTURE(in.first_row);
      Run r = run(in);
      auto loss = [&] { return dot(run(in).scores, in.dscores); };
      for (size_t i = 0; i < r.gradients.size(); ++i) {
        CAPTURE(i);
        OwnedTensor &x = *in.parameters()[i], &dx = r.gradients[i];
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
    const Inputs in(c, DType::f64);
    const Run definition = run(in), split = run(in, nullptr, Path::fast_double);
    CHECK(relative_error(split.scores, definition.scores) < 1e-14);
    for (size_t i = 0; i < split.gradients.size(); ++i)
      CHECK(relative_error(split.gradients[i], definition.gradients[i]) < 1e-13);
  }
}

TEST_CASE("pair_score: f32 follows the double definition, set and added, twice the same") {
  for (const auto& c : kPairScoreCases) {
    if (c.bench && c.d != 64) continue;
    CAPTURE(c.d);
    const Inputs in(c, DType::f32), in64 = in.cast(DType::f64);
    const Run fast = run(in), exact = run(in64), again = run(in);
    const double bound = rounding_bound(DType::f32, c.d, 2);
    CHECK(relative_error(fast.scores, exact.scores) < bound);
    CHECK(relative_error(fast.hidden0, exact.hidden0) < bound);
    CHECK(relative_error(fast.hidden2, exact.hidden2) < bound);
    std::vector<OwnedTensor> start;
    for (const OwnedTensor& gradient : fast.gradients)
      start.push_back(OwnedTensor::random(gradient.shape(), DType::f32, 9));
    const Run added = run(in, &start), added_exact = run(in64, &start);
    for (size_t i = 0; i < fast.gradients.size(); ++i) {
      CAPTURE(i);
      CHECK(relative_error(fast.gradients[i], exact.gradients[i]) < 4 * bound);
      CHECK(relative_error(added.gradients[i], added_exact.gradients[i]) < 4 * bound);
      CHECK(again.gradients[i].bits_equal(fast.gradients[i]));
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
      const Inputs in(c, dtype);
      const Run all = run(in, nullptr, path);
      const double bound = rounding_bound(dtype, c.d, 2);
      std::vector<OwnedTensor> sums;
      for (const RowRange& range : split_rows(c.n)) {
        CAPTURE(range.first);
        Run part = run(in.part(range), sums.empty() ? nullptr : &sums, path);
        const RowRange pairs{range.first * c.k, range.count * c.k};
        CHECK(relative_error(part.scores, all.scores.rows(range)) < bound);
        CHECK(relative_error(part.hidden0, all.hidden0.rows(pairs)) < bound);
        CHECK(relative_error(part.hidden2, all.hidden2.rows(pairs)) < bound);
        sums = std::move(part.gradients);
      }
      for (size_t i = 0; i < sums.size(); ++i) {
        CAPTURE(i);
        CHECK(relative_error(sums[i], all.gradients[i]) < 4 * bound);
      }
    }
  }
}

TEST_CASE("pair_score: outside the range the first half of h gets 0, or nothing is added") {
  const PairScoreCase c{9, 20, 8};
  const RowRange range{3, 2};
  for (const DType dtype : {DType::f32, DType::f64}) {
    const Inputs in = Inputs(c, dtype).part(range);
    const Run set = run(in);
    std::vector<OwnedTensor> start;
    for (const OwnedTensor& gradient : set.gradients)
      start.push_back(OwnedTensor::random(gradient.shape(), dtype, 9));
    const Run added = run(in, &start);
    for (int64_t e = 0; e < c.n * c.d; ++e) {
      const int64_t row = e / c.d;
      if (e % c.d >= c.d / 2 || (row >= range.first && row < range.first + range.count)) continue;
      CHECK(set.gradients[0].at(e) == 0.0);
      CHECK(added.gradients[0].at(e) == start[0].at(e));
    }
  }
}

TEST_CASE("pair_score: who is chosen by nobody gets no gradient in the second half of h") {
  for (const DType dtype : {DType::f32, DType::f64}) {
    Inputs in({5, 12, 2}, dtype);
    in.indices.fill([](int64_t e) { return e % 2 ? 3 : 4; });  // 3 and 4 by all, 0, 1, 2 by none
    const Run r = run(in);
    for (int64_t i = 0; i < 3; ++i)
      for (int64_t c = 6; c < 12; ++c) CHECK(r.gradients[0].at(i * 12 + c) == 0.0);
    double first_half = 0, chosen = 0;
    for (int64_t c = 0; c < 6; ++c) {
      first_half += std::abs(r.gradients[0].at(c));
      chosen += std::abs(r.gradients[0].at(3 * 12 + 6 + c));
    }
    CHECK(first_half > 0);
    CHECK(chosen > 0);
  }
}

TEST_CASE("pair_score: gradients that are not wanted are not needed for the others") {
  const PairScoreCase c{5, 12, 3};
  for (const DType dtype : {DType::f32, DType::f64}) {
    const Inputs in(c, dtype);
    const Run full = run(in);
    Context context;
    context.reserve_workspace(pair_score_workspace_bytes(c.n, c.d, c.k, dtype));
    OwnedTensor dh({c.n, c.d}, dtype);
    pair_score_backward(context, {.h = in.h,
                                  .indices = in.indices,
                                  .weight0 = in.weight0,
                                  .weight2 = in.weight2,
                                  .weight4 = in.weight4,
                                  .scores = full.scores,
                                  .hidden0 = full.hidden0,
                                  .hidden2 = full.hidden2,
                                  .dscores = in.dscores,
                                  .dh = {dh},
                                  .dweight0 = {},
                                  .dbias0 = {},
                                  .dweight2 = {},
                                  .dbias2 = {},
                                  .dweight4 = {},
                                  .dbias4 = {}});
    CHECK(dh.bits_equal(full.gradients[0]));
  }
}

TEST_CASE("pair_score: a width that has no quarter and an index out of range are refused") {
  CHECK_THROWS_WITH_AS(run(Inputs({5, 6, 2}, DType::f32)),
                       doctest::Contains("rows of 6 elements; expected a multiple of 4"), Error);
  Inputs in({5, 8, 2}, DType::f32);
  in.indices.set(3, 5);
  CHECK_THROWS_WITH_AS(run(in), doctest::Contains("indices[3] is 5; expected 0 to 4"), Error);
}

TEST_CASE("pair_score: rows that h does not have are refused") {
  Inputs in({5, 8, 2}, DType::f32);
  in.first_row = 1;
  CHECK_THROWS_WITH_AS(run(in), doctest::Contains("5 rows from row 1 on, out of 5"), Error);
  in.first_row = -1;
  CHECK_THROWS_WITH_AS(run(in), doctest::Contains("5 rows from row -1 on, out of 5"), Error);
}

}  // namespace lanet::test
