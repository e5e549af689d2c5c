// Definition of the operation; the contract is in l2_normalize.h.
#pragma once

#include <algorithm>
#include <cmath>

#include "kernels/l2_normalize.h"

namespace lanet {

template <typename T>
void l2_normalize_ref(const L2NormalizeArgs& args) {
  using A = accumulate_t<T>;
  const int64_t rows = args.x.shape[0], width = args.x.shape[1];
  for (int64_t i = 0; i < rows; ++i) {
    const T* x = args.x.as<T>() + i * width;
    T* y = args.y.as<T>() + i * width;
    A squares = 0;
    for (int64_t c = 0; c < width; ++c) squares += A(x[c]) * A(x[c]);
    const A norm = std::max(std::sqrt(squares), A(kL2NormalizeFloor));
    args.norm.as<A>()[i] = norm;
    for (int64_t c = 0; c < width; ++c) y[c] = T(A(x[c]) / norm);
  }
}

template <typename T>
void l2_normalize_backward_ref(const L2NormalizeBackwardArgs& args) {
  using A = accumulate_t<T>;
  const int64_t rows = args.y.shape[0], width = args.y.shape[1];
  for (int64_t i = 0; i < rows; ++i) {
    const T* y = args.y.as<T>() + i * width;
    const T* dy = args.dy.as<T>() + i * width;
    T* dx = args.dx.tensor.as<T>() + i * width;
    const A norm = args.norm.as<A>()[i];
    A along = 0;  // the part of dy along y does not change y
    if (norm > A(kL2NormalizeFloor))
      for (int64_t c = 0; c < width; ++c) along += A(y[c]) * A(dy[c]);
    for (int64_t c = 0; c < width; ++c)
      write_gradient(dx[c], (A(dy[c]) - A(y[c]) * along) / norm, args.dx.add);
  }
}

}  // namespace lanet
