// Sizes and tensors for the tests and the benchmark of pair_score.
#pragma once

#include <cmath>

#include "core/owned_tensor.h"
#include "kernels/pair_score.h"

namespace lanet {

struct PairScoreCase {
  int64_t n, d, k;
  bool bench = false;
};
inline constexpr PairScoreCase kPairScoreCases[] = {
    {2, 4, 1},    {5, 12, 3},         {9, 20, 8},          {33, 32, 8},          {3, 260, 2},
    {130, 24, 8}, {128, 64, 8, true}, {128, 512, 8, true}, {128, 2048, 8, true},
};

/// What both directions read and write.
struct PairScoreTensors {
  OwnedTensor h, indices, weight0, bias0, weight2, bias2, weight4, bias4, dscores;
  OwnedTensor scores, hidden0, hidden2;
  OwnedTensor dh, dweight0, dbias0, dweight2, dbias2, dweight4, dbias4;
  int64_t first_row = 0;
  unsigned added = 0;  ///< gradients that are added to: bit i stands for gradients()[i]

  PairScoreTensors(const PairScoreCase& c, DType dtype, Context& context = host_context()) {
    uint32_t seed = 0;
    const auto random = [&](const Shape& shape, double lo = -1, double hi = 1) {
      return OwnedTensor::random(context, shape, dtype, ++seed, lo, hi);
    };
    const auto weight = [&](int64_t outputs, int64_t inputs) {
      const double bound = 2 / std::sqrt(static_cast<double>(inputs));
      return random({outputs, inputs}, -bound, bound);
    };
    h = random({c.n, c.d});
    // Some samples are chosen often, some never; and a sample's neighbours differ.
    indices = OwnedTensor(context, {c.n, c.k}, DType::i32,
                          [&](int64_t e) { return (e / c.k / 2 + 1 + e % c.k) % c.n; });
    weight0 = weight(c.d / 2, c.d);
    bias0 = random({c.d / 2}, -0.3, 1);
    weight2 = weight(c.d / 4, c.d / 2);
    bias2 = random({c.d / 4}, -0.3, 1);
    weight4 = random({2, c.d / 4});
    bias4 = random({2});
    dscores = random({c.n, c.k});
    scores = OwnedTensor(context, {c.n, c.k}, dtype);
    hidden0 = OwnedTensor(context, {c.n * c.k, c.d / 2}, dtype);
    hidden2 = OwnedTensor(context, {c.n * c.k, c.d / 4}, dtype);
    for (size_t i = 0; i < gradients().size(); ++i)
      *gradients()[i] = OwnedTensor(context, parameters()[i]->shape(), dtype);
  }
  /// What has a gradient.
  std::vector<OwnedTensor*> parameters() {
    return {&h, &weight0, &bias0, &weight2, &bias2, &weight4, &bias4};
  }
  std::vector<OwnedTensor*> gradients() {
    return {&dh, &dweight0, &dbias0, &dweight2, &dbias2, &dweight4, &dbias4};
  }
  std::vector<OwnedTensor*> all() {
    return {&h,      &indices,  &weight0, &bias0,    &weight2, &bias2, &weight4,
            &bias4,  &dscores,  &scores,  &hidden0,  &hidden2, &dh,    &dweight0,
            &dbias0, &dweight2, &dbias2,  &dweight4, &dbias4};
  }
  /// The same on the host, with the pairs of a range of the rows only.
  PairScoreTensors part(const RowRange& range) const {
    PairScoreTensors other = *this;
    const int64_t k = indices.shape()[1];
    for (OwnedTensor* t : {&other.indices, &other.dscores, &other.scores}) *t = t->rows(range);
    for (OwnedTensor* t : {&other.hidden0, &other.hidden2})
      *t = t->rows({range.first * k, range.count * k});
    other.first_row = range.first;
    return other;
  }
  size_t workspace_bytes() const {
    return pair_score_workspace_bytes(h.shape()[0], h.shape()[1], indices.shape()[1], h.dtype());
  }
  PairScoreArgs forward() const {
    return {.h = h,
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
            .first_row = first_row};
  }
  PairScoreBackwardArgs backward() const {
    return {.h = h,
            .indices = indices,
            .weight0 = weight0,
            .weight2 = weight2,
            .weight4 = weight4,
            .scores = scores,
            .hidden0 = hidden0,
            .hidden2 = hidden2,
            .dscores = dscores,
            .dh = {dh, (added & 1) != 0},
            .dweight0 = {dweight0, (added & 2) != 0},
            .dbias0 = {dbias0, (added & 4) != 0},
            .dweight2 = {dweight2, (added & 8) != 0},
            .dbias2 = {dbias2, (added & 16) != 0},
            .dweight4 = {dweight4, (added & 32) != 0},
            .dbias4 = {dbias4, (added & 64) != 0},
            .first_row = first_row};
  }
};

}  // namespace lanet
