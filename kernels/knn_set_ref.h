// Definition of the operation; the contract is in knn_set.h.
#pragma once

#include <algorithm>
#include <limits>

#include "kernels/knn_set.h"

namespace lanet {

template <typename T>
T squared_distance(const T* x, const T* y, int64_t d) {
  T sum = 0;
  for (int64_t c = 0; c < d; ++c) sum += (x[c] - y[c]) * (x[c] - y[c]);
  return sum;
}

/// distance: [N], scratch.
template <typename T>
void knn_set_ref(const KnnSetArgs& args, T* distance) {
  constexpr T kInfinity = std::numeric_limits<T>::infinity();
  const int64_t num_queries = args.queries.shape[0], d = args.queries.shape[1];
  const int64_t k = args.indices.shape[1];
  const int32_t n = static_cast<int32_t>(args.set.shape[0]);
  for (int64_t i = 0; i < num_queries; ++i) {
    for (int32_t j = 0; j < n; ++j) {
      distance[j] = kInfinity;
      if (args.valid && args.valid.as<uint8_t>()[j] == 0) continue;
      if (args.positions && args.positions.as<int32_t>()[i] == j) continue;
      for (const Tensor& orientation : {args.queries, args.mirrored}) {
        if (!orientation) continue;
        const T to_orientation =
            squared_distance(orientation.as<T>() + i * d, args.set.as<T>() + j * d, d);
        if (to_orientation < distance[j]) distance[j] = to_orientation;  // NaN is not
      }
    }
    for (int64_t place = i * k; place < (i + 1) * k; ++place) {
      const T* nearest = std::min_element(distance, distance + n);
      const bool found = *nearest < kInfinity;
      const int32_t index = static_cast<int32_t>(nearest - distance);
      args.indices.as<int32_t>()[place] = found ? index : -1;
      args.distances.as<T>()[place] = *nearest;
      distance[index] = kInfinity;
    }
  }
}

}  // namespace lanet
