// Definition of the operation; the contract is in weight_product.h.
#pragma once

#include "kernels/weight_product.h"

namespace lanet {

/// T: the dtype of y.
template <typename T>
void weight_product_ref(const WeightProductArgs& args) {
  using A = accumulate_t<T>;
  const int64_t rows = args.a.shape[0], inner = args.a.shape[1], columns = args.b.shape[1];
  for (int64_t l = 0; l < rows; ++l) {
    for (int64_t c = 0; c < columns; ++c) {
      A sum = 0;
      for (int64_t d = 0; d < inner; ++d)
        sum += args.a.as<A>()[l * inner + d] * args.b.as<A>()[d * columns + c];
      args.y.as<T>()[l * columns + c] = T(sum);
    }
  }
}

/// A: float or double.
template <typename A>
void weight_product_backward_ref(const WeightProductBackwardArgs& args) {
  const int64_t rows = args.a.shape[0], inner = args.a.shape[1], columns = args.b.shape[1];
  const A *a = args.a.as<A>(), *b = args.b.as<A>(), *dy = args.dy.as<A>();
  for (int64_t d = 0; d < inner; ++d) {
    for (int64_t l = 0; l < rows && args.da; ++l) {
      A sum = 0;
      for (int64_t c = 0; c < columns; ++c) sum += dy[l * columns + c] * b[d * columns + c];
      write_gradient(args.da.tensor.as<A>()[l * inner + d], sum, args.da.add);
    }
    for (int64_t c = 0; c < columns && args.db; ++c) {
      A sum = 0;
      for (int64_t l = 0; l < rows; ++l) sum += a[l * inner + d] * dy[l * columns + c];
      write_gradient(args.db.tensor.as<A>()[d * columns + c], sum, args.db.add);
    }
  }
}

}  // namespace lanet
