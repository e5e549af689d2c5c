// The CUDA kernels of pair_score against the definition in double, from the CPU tests' cases.
#include <memory>

#include "kernels/pair_score_ref.h"
#include "tests/device_test.h"
#include "tests/kernels/pair_score_inputs.h"

namespace lanet::test {
namespace {

using Inputs = PairScoreInputs;

struct Run {
  OwnedTensor scores, hidden0, hidden2;
  std::vector<OwnedTensor> gradients;  // as Inputs::parameters()
};

/// Which gradients are added to: bit i stands for Inputs::parameters()[i].
bool adds(unsigned added, size_t i) {
  return added >> i & 1;
}

/// What each gradient starts from: NaN, or random values to be added to.
std::vector<OwnedTensor> gradients_before(Inputs in, unsigned added) {
  std::vector<OwnedTensor> before;
  for (OwnedTensor* tensor : in.parameters()) {
    const Shape shape = tensor->shape();
    const DType dtype = tensor->dtype();
    before.push_back(adds(added, before.size()) ? OwnedTensor::random(shape, dtype, 9)
                                                : OwnedTensor(shape, dtype));
  }
  return before;
}

/// With `only`, no gradient but that one is asked for.
Run on_device(const Inputs& in, unsigned added, int only = -1) {
  Context context(Device::cuda);
  const Shape rows = in.h.shape(), pairs = in.indices.shape();
  const DType dtype = in.h.dtype();
  context.reserve_workspace(pair_score_workspace_bytes(rows[0], rows[1], pairs[1], dtype));
  const OwnedTensor h(context, in.h), indices(context, in.indices), weight0(context, in.weight0),
      bias0(context, in.bias0), weight2(context, in.weight2), bias2(context, in.bias2),
      weight4(context, in.weight4), bias4(context, in.bias4), dscores(context, in.dscores),
      scores(context, OwnedTensor(pairs, dtype)),
      hidden0(context, OwnedTensor({pairs.elements(), rows[1] / 2}, dtype)),
      hidden2(context, OwnedTensor({pairs.elements(), rows[1] / 4}, dtype));
  std::vector<std::unique_ptr<OwnedTensor>> gradients;
  for (const OwnedTensor& before : gradients_before(in, added))
    gradients.push_back(std::make_unique<OwnedTensor>(context, before));
  auto gradient = [&](int i) {
    return only < 0 || only == i ? Gradient{*gradients[i], adds(added, i)} : Gradient{};
  };
  pair_score(context, {.h = h,
                       .indices = indices,
                       .weight0 = weight0,
                       .bias0 = bias0,
                       .weight2 = weight2,
                       .bias2 = bias2,
                       .weight4 = weight4,
                       .bias4 = bias4,
                       .scores = scores,
                       .hidden0 = hidden0,
                       .hidden2 = hidden2,
                       .first_row = in.first_row});
  pair_score_backward(context, {.h = h,
                                .indices = indices,
                                .weight0 = weight0,
                                .weight2 = weight2,
                                .weight4 = weight4,
                                .scores = scores,
                                .hidden0 = hidden0,
                                .hidden2 = hidden2,
                                .dscores = dscores,
                                .dh = gradient(0),
                                .dweight0 = gradient(1),
                                .dbias0 = gradient(2),
                                .dweight2 = gradient(3),
                                .dbias2 = gradient(4),
                                .dweight4 = gradient(5),
                                .dbias4 = gradient(6),
                                .first_row = in.first_row});
  Run r{scores.download(), hidden0.download(), hidden2.download(), {}};
  for (const auto& tensor : gradients) r.gradients.push_back(tensor->download());
  return r;
}

Run exactly(const Inputs& inputs, unsigned added) {
  const Inputs in = inputs.cast(DType::f64);
  const Shape rows = in.h.shape(), pairs = in.indices.shape();
  Run r{OwnedTensor(pairs, DType::f64),
        OwnedTensor({pairs.elements(), rows[1] / 2}, DType::f64),
        OwnedTensor({pairs.elements(), rows[1] / 4}, DType::f64),
        {}};
  for (const OwnedTensor& before : gradients_before(inputs, added))
    r.gradients.push_back(before.cast(DType::f64));
  pair_score_ref<double>({.h = in.h,
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
                          .first_row = in.first_row});
  pair_score_backward_ref<double>({.h = in.h,
                                   .indices = in.indices,
                                   .weight0 = in.weight0,
                                   .weight2 = in.weight2,
                                   .weight4 = in.weight4,
                                   .scores = r.scores,
                                   .hidden0 = r.hidden0,
                                   .hidden2 = r.hidden2,
                                   .dscores = in.dscores,
                                   .dh = {r.gradients[0], adds(added, 0)},
                                   .dweight0 = {r.gradients[1], adds(added, 1)},
                                   .dbias0 = {r.gradients[2], adds(added, 2)},
                                   .dweight2 = {r.gradients[3], adds(added, 3)},
                                   .dbias2 = {r.gradients[4], adds(added, 4)},
                                   .dweight4 = {r.gradients[5], adds(added, 5)},
                                   .dbias4 = {r.gradients[6], adds(added, 6)},
                                   .first_row = in.first_row});
  return r;
}

}  // namespace

TEST_CASE("cuda: pair_score follows the double definition, set and added, twice the same") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::f64}) {
    for (const auto& c : kPairScoreCases) {
      if (c.bench) continue;
      const Inputs in(c, dtype);
      // None, all, and between them such that no two gradients are always added to together.
      for (const unsigned added : {0u, 0x7Fu, 0x55u, 0x66u, 0x78u}) {
        CAPTURE(to_string(dtype));
        CAPTURE(c.d);
        CAPTURE(added);
        const Run fast = on_device(in, added), exact = exactly(in, added),
                  again = on_device(in, added);
        const double bound = rounding_bound(dtype, c.d, 2);
        CHECK(relative_error(fast.scores, exact.scores) < bound);
        CHECK(relative_error(fast.hidden0, exact.hidden0) < bound);
        CHECK(relative_error(fast.hidden2, exact.hidden2) < bound);
        for (size_t i = 0; i < fast.gradients.size(); ++i) {
          CAPTURE(i);
          CHECK(relative_error(fast.gradients[i], exact.gradients[i]) < 4 * bound);
          CHECK(again.gradients[i].bits_equal(fast.gradients[i]));
        }
      }
    }
  }
}

TEST_CASE(
    "cuda: pair_score: ranges give the rows of a call over all, and gradients that sum to its") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::f64}) {
    for (const auto& c : kPairScoreCases) {
      if (c.n < 3 || c.bench) continue;
      CAPTURE(to_string(dtype));
      CAPTURE(c.d);
      const Inputs in(c, dtype);
      const Run all = exactly(in, 0);
      const double bound = rounding_bound(dtype, c.d, 2);
      std::vector<OwnedTensor> sums;
      for (const OwnedTensor& gradient : all.gradients) sums.push_back(gradient.scaled(0));
      for (const RowRange& range : split_rows(c.n)) {
        CAPTURE(range.first);
        const Inputs of_range = in.part(range);
        const RowRange pairs{range.first * c.k, range.count * c.k};
        const Run set = on_device(of_range, 0), added = on_device(of_range, 0x7F),
                  added_exact = exactly(of_range, 0x7F);
        CHECK(relative_error(set.scores, all.scores.rows(range)) < bound);
        CHECK(relative_error(set.hidden0, all.hidden0.rows(pairs)) < bound);
        CHECK(relative_error(set.hidden2, all.hidden2.rows(pairs)) < bound);
        for (size_t i = 0; i < sums.size(); ++i) {
          CAPTURE(i);
          CHECK(relative_error(added.gradients[i], added_exact.gradients[i]) < 4 * bound);
          sums[i].fill([&](int64_t e) { return sums[i].at(e) + set.gradients[i].at(e); });
        }
      }
      for (size_t i = 0; i < sums.size(); ++i) {
        CAPTURE(i);
        CHECK(relative_error(sums[i], all.gradients[i]) < 4 * bound);
      }
    }
  }
}

TEST_CASE("cuda: pair_score: each gradient alone is what it is among the others") {
  if (skip_without_device()) return;
  const Inputs in({5, 12, 3}, DType::f32);
  const Run all = on_device(in, 0);
  for (int i = 0; i < static_cast<int>(all.gradients.size()); ++i) {
    const Run one = on_device(in, 0, i);
    CAPTURE(i);
    for (size_t j = 0; j < all.gradients.size(); ++j) {
      if (static_cast<int>(j) == i)
        CHECK(one.gradients[j].bits_equal(all.gradients[j]));
      else
        CHECK(std::isnan(one.gradients[j].at(0)));
    }
  }
}

TEST_CASE("cuda: pair_score: who is chosen by nobody gets no gradient in the second half of h") {
  if (skip_without_device()) return;
  Inputs in({5, 12, 2}, DType::f32);
  in.indices.fill([](int64_t e) { return e % 2 ? 3 : 4; });  // 3 and 4 by all, 0, 1, 2 by none
  const Run fast = on_device(in, 0), exact = exactly(in, 0);
  CHECK(relative_error(fast.gradients[0], exact.gradients[0]) < rounding_bound(DType::f32, 12, 8));
  for (int64_t i = 0; i < 3; ++i)
    for (int64_t c = 6; c < 12; ++c) CHECK(fast.gradients[0].at(i * 12 + c) == 0.0);
}

}  // namespace lanet::test
