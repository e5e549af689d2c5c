// Definition of the operation; the contract is in knn.h.
#pragma once

#include <algorithm>
#include <cmath>

#include "kernels/knn.h"

namespace lanet {

template <typename T>
accumulate_t<T> cosine_similarity(const T* x, const T* y, int64_t d) {
  using A = accumulate_t<T>;
  A xx = 0, yy = 0, xy = 0;
  for (int64_t c = 0; c < d; ++c) {
    xx += A(x[c]) * A(x[c]);
    yy += A(y[c]) * A(y[c]);
    xy += A(x[c]) * A(y[c]);
  }
  const A floor = A(kKnnNormFloor);
  return xy / (std::max(std::sqrt(xx), floor) * std::max(std::sqrt(yy), floor));
}

/// similarity: [N], scratch.
template <typename T>
void knn_ref(const KnnArgs& args, accumulate_t<T>* similarity) {
  const int32_t n = static_cast<int32_t>(args.features.shape[0]);
  const int64_t d = args.features.shape[1], num_rows = args.indices.shape[0];
  const T* features = args.features.as<T>();
  for (int64_t row = 0; row < num_rows; ++row) {
    const int64_t i = args.first_row + row;
    for (int32_t j = 0; j < n; ++j)
      similarity[j] = cosine_similarity(features + i * d, features + j * d, d);
    int32_t* const chosen = args.indices.as<int32_t>() + row * args.k;
    for (int64_t place = 0; place < args.k; ++place) {
      int32_t best = -1;
      for (int32_t j = 0; j < n; ++j) {
        const bool taken = j == i || std::find(chosen, chosen + place, j) != chosen + place;
        if (!taken && (best < 0 || similarity[j] > similarity[best])) best = j;
      }
      chosen[place] = best;
    }
  }
}

}  // namespace lanet
