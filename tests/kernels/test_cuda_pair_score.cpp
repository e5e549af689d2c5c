// The CUDA kernels of pair_score against the definition in double, from the CPU tests' cases.
#include "kernels/pair_score_cases.h"
#include "kernels/pair_score_ref.h"
#include "tests/device_test.h"

namespace lanet::test {
namespace {

using Tensors = PairScoreTensors;

/// The same with gradients to add to where a bit of `added` is set.
Tensors with_gradients(Tensors t, unsigned added) {
  t.added = added;
  for (size_t i = 0; i < t.gradients().size(); ++i) {
    OwnedTensor& gradient = *t.gradients()[i];
    if (added >> i & 1) gradient = OwnedTensor::random(gradient.shape(), gradient.dtype(), 9);
  }
  return t;
}

/// With `only`, no gradient but that one is asked for.
Tensors on_device(const Tensors& in, unsigned added, int only = -1) {
  Context context(Device::cuda);
  context.reserve_workspace(in.workspace_bytes());
  Tensors t = upload_all(context, with_gradients(in, added));
  pair_score(context, t.forward());
  PairScoreBackwardArgs backward = t.backward();
  Gradient* const gradients[] = {&backward.dh,       &backward.dweight0, &backward.dbias0,
                                 &backward.dweight2, &backward.dbias2,   &backward.dweight4,
                                 &backward.dbias4};
  for (int i = 0; i < 7; ++i)
    if (only >= 0 && i != only) *gradients[i] = {};
  pair_score_backward(context, backward);
  return download_all(std::move(t));
}

Tensors exactly(const Tensors& in, unsigned added) {
  Tensors t = cast_all(with_gradients(in, added), DType::f64);
  pair_score_ref<double>(t.forward());
  pair_score_backward_ref<double>(t.backward());
  return t;
}

}  // namespace

TEST_CASE("cuda: pair_score follows the double definition, set and added, twice the same") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::f64}) {
    for (const auto& c : kPairScoreCases) {
      if (c.bench) continue;
      const Tensors in(c, dtype);
      // None, all, and between them such that no two gradients are always added to together.
      for (const unsigned added : {0u, 0x7Fu, 0x55u, 0x66u, 0x78u}) {
        CAPTURE(to_string(dtype));
        CAPTURE(c.d);
        CAPTURE(added);
        Tensors fast = on_device(in, added), exact = exactly(in, added),
                again = on_device(in, added);
        const double bound = rounding_bound(dtype, c.d, 2);
        CHECK(relative_error(fast.scores, exact.scores) < bound);
        CHECK(relative_error(fast.hidden0, exact.hidden0) < bound);
        CHECK(relative_error(fast.hidden2, exact.hidden2) < bound);
        for (size_t i = 0; i < fast.gradients().size(); ++i) {
          CAPTURE(i);
          CHECK(relative_error(*fast.gradients()[i], *exact.gradients()[i]) < 4 * bound);
          CHECK(again.gradients()[i]->bits_equal(*fast.gradients()[i]));
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
      const Tensors in(c, dtype);
      Tensors all = exactly(in, 0);
      const double bound = rounding_bound(dtype, c.d, 2);
      std::vector<OwnedTensor> sums;
      for (const OwnedTensor* gradient : all.gradients()) sums.push_back(gradient->scaled(0));
      for (const RowRange& range : split_rows(c.n)) {
        CAPTURE(range.first);
        const Tensors of_range = in.part(range);
        const RowRange pairs{range.first * c.k, range.count * c.k};
        Tensors set = on_device(of_range, 0), added = on_device(of_range, 0x7F),
                added_exact = exactly(of_range, 0x7F);
        CHECK(relative_error(set.scores, all.scores.rows(range)) < bound);
        CHECK(relative_error(set.hidden0, all.hidden0.rows(pairs)) < bound);
        CHECK(relative_error(set.hidden2, all.hidden2.rows(pairs)) < bound);
        for (size_t i = 0; i < sums.size(); ++i) {
          CAPTURE(i);
          CHECK(relative_error(*added.gradients()[i], *added_exact.gradients()[i]) < 4 * bound);
          sums[i].fill([&](int64_t e) { return sums[i].at(e) + set.gradients()[i]->at(e); });
        }
      }
      for (size_t i = 0; i < sums.size(); ++i) {
        CAPTURE(i);
        CHECK(relative_error(sums[i], *all.gradients()[i]) < 4 * bound);
      }
    }
  }
}

TEST_CASE("cuda: pair_score: each gradient alone is what it is among the others") {
  if (skip_without_device()) return;
  const Tensors in({5, 12, 3}, DType::f32);
  Tensors all = on_device(in, 0);
  for (int i = 0; i < static_cast<int>(all.gradients().size()); ++i) {
    Tensors one = on_device(in, 0, i);
    CAPTURE(i);
    for (size_t j = 0; j < all.gradients().size(); ++j) {
      if (static_cast<int>(j) == i)
        CHECK(one.gradients()[j]->bits_equal(*all.gradients()[j]));
      else
        CHECK(std::isnan(one.gradients()[j]->at(0)));
    }
  }
}

TEST_CASE("cuda: pair_score: who is chosen by nobody gets no gradient in the second half of h") {
  if (skip_without_device()) return;
  Tensors in({5, 12, 2}, DType::f32);
  in.indices.fill([](int64_t e) { return e % 2 ? 3 : 4; });  // 3 and 4 by all, 0, 1, 2 by none
  const Tensors fast = on_device(in, 0), exact = exactly(in, 0);
  CHECK(relative_error(fast.dh, exact.dh) < rounding_bound(DType::f32, 12, 8));
  for (int64_t i = 0; i < 3; ++i)
    for (int64_t c = 6; c < 12; ++c) CHECK(fast.dh.at(i * 12 + c) == 0.0);
}

}  // namespace lanet::test
