// Definition of the operation; the contract is in pair_score.h.
#pragma once

#include <algorithm>
#include <cmath>

#include "kernels/pair_score.h"

namespace lanet {

template <typename A>
void pair_score_ref(const PairScoreArgs& args) {
  const int64_t pairs = args.indices.elements(), k = args.indices.shape[1];
  const int64_t d = args.h.shape[1], half = d / 2, quarter = d / 4;
  const A *w0 = args.weight0.as<A>(), *bias0 = args.bias0.as<A>();
  const A *w2 = args.weight2.as<A>(), *bias2 = args.bias2.as<A>();
  const A *w4 = args.weight4.as<A>(), *bias4 = args.bias4.as<A>();
  for (int64_t pair = 0; pair < pairs; ++pair) {
    const A* a = args.h.as<A>() + (args.first_row + pair / k) * d;
    const A* b = args.h.as<A>() + args.indices.as<int32_t>()[pair] * d + half;
    A* x0 = args.hidden0.as<A>() + pair * half;
    A* x2 = args.hidden2.as<A>() + pair * quarter;
    for (int64_t r = 0; r < half; ++r) {
      A sum = bias0[r];
      for (int64_t c = 0; c < half; ++c) sum += w0[r * d + c] * a[c] + w0[r * d + half + c] * b[c];
      x0[r] = std::max(sum, A(0));
    }
    for (int64_t r = 0; r < quarter; ++r) {
      A sum = bias2[r];
      for (int64_t c = 0; c < half; ++c) sum += w2[r * half + c] * x0[c];
      x2[r] = std::max(sum, A(0));
    }
    A z[2] = {bias4[0], bias4[1]};
    for (int64_t c = 0; c < quarter; ++c) {
      z[0] += w4[c] * x2[c];
      z[1] += w4[quarter + c] * x2[c];
    }
    args.scores.as<A>()[pair] = 1 / (1 + std::exp(z[1] - z[0]));
  }
}

template <typename A>
void pair_score_backward_ref(const PairScoreBackwardArgs& args) {
  const int64_t pairs = args.indices.elements(), k = args.indices.shape[1];
  const int64_t d = args.h.shape[1], half = d / 2, quarter = d / 4;
  const A *w0 = args.weight0.as<A>(), *w2 = args.weight2.as<A>(), *w4 = args.weight4.as<A>();
  for (const Gradient* g : {&args.dh, &args.dweight0, &args.dbias0, &args.dweight2, &args.dbias2,
                            &args.dweight4, &args.dbias4})
    if (*g && !g->add) std::fill_n(g->tensor.as<A>(), g->tensor.elements(), A(0));
  auto add = [](const Gradient& g, int64_t at, A value) {
    if (g) g.tensor.as<A>()[at] += value;
  };

  for (int64_t pair = 0; pair < pairs; ++pair) {
    const int64_t i = args.first_row + pair / k, j = args.indices.as<int32_t>()[pair];
    const A* a = args.h.as<A>() + i * d;
    const A* b = args.h.as<A>() + j * d + half;
    const A* x0 = args.hidden0.as<A>() + pair * half;
    const A* x2 = args.hidden2.as<A>() + pair * quarter;
    const A score = args.scores.as<A>()[pair];
    const A dz = args.dscores.as<A>()[pair] * score * (1 - score);  // of z[0]; of z[1]: −dz
    add(args.dbias4, 0, dz);
    add(args.dbias4, 1, -dz);
    for (int64_t r = 0; r < quarter; ++r) {
      if (!(x2[r] > 0)) continue;
      const A dx2 = dz * (w4[r] - w4[quarter + r]);
      add(args.dweight4, r, dz * x2[r]);
      add(args.dweight4, quarter + r, -dz * x2[r]);
      add(args.dbias2, r, dx2);
      for (int64_t c = 0; c < half; ++c) add(args.dweight2, r * half + c, dx2 * x0[c]);
    }
    for (int64_t r = 0; r < half; ++r) {
      if (!(x0[r] > 0)) continue;
      A dx0 = 0;
      for (int64_t c = 0; c < quarter; ++c)
        if (x2[c] > 0) dx0 += dz * (w4[c] - w4[quarter + c]) * w2[c * half + r];
      add(args.dbias0, r, dx0);
      for (int64_t c = 0; c < half; ++c) {
        add(args.dweight0, r * d + c, dx0 * a[c]);
        add(args.dweight0, r * d + half + c, dx0 * b[c]);
        add(args.dh, i * d + c, dx0 * w0[r * d + c]);
        add(args.dh, j * d + half + c, dx0 * w0[r * d + half + c]);
      }
    }
  }
}

}  // namespace lanet
