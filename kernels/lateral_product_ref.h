// Definition of the operations; the contract is in lateral_product.h.
#pragma once

#include "kernels/lateral_product.h"

namespace lanet {

/// T: the dtype of y.
template <typename T>
void lateral_expand_ref(const LateralExpandArgs& args) {
  using A = accumulate_t<T>;
  const int64_t rows = args.a.shape[0], depth = args.a.shape[1];
  for (size_t i = 0; i < args.y.size(); ++i) {
    const int64_t columns = args.lateral[i].shape[1];
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t c = 0; c < columns; ++c) {
        A sum = 0;
        for (int64_t d = 0; d < depth; ++d)
          sum += args.a.as<A>()[r * depth + d] * args.lateral[i].as<A>()[d * columns + c];
        write_gradient(args.y[i].tensor.as<T>()[r * columns + c], sum, args.y[i].add);
      }
    }
  }
}

/// T: the dtype of x.
template <typename T>
void lateral_contract_ref(const LateralContractArgs& args) {
  using A = accumulate_t<T>;
  const int64_t rows = args.sum.tensor.shape[0], depth = args.sum.tensor.shape[1];
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t d = 0; d < depth; ++d) {
      A sum = 0;
      for (size_t i = 0; i < args.x.size(); ++i) {
        const int64_t columns = args.x[i].shape[1];
        for (int64_t c = 0; c < columns; ++c)
          sum += A(args.x[i].as<T>()[r * columns + c]) * args.lateral[i].as<A>()[d * columns + c];
      }
      write_gradient(args.sum.tensor.as<A>()[r * depth + d], sum, args.sum.add);
    }
  }
}

/// T: the dtype of dy.
template <typename T>
void lateral_gradient_ref(const LateralGradientArgs& args) {
  using A = accumulate_t<T>;
  const int64_t rows = args.a.shape[0], depth = args.a.shape[1];
  for (size_t i = 0; i < args.dlateral.size(); ++i) {
    const Gradient& dlateral = args.dlateral[i];
    const int64_t columns = args.dy[i].shape[1];
    for (int64_t d = 0; d < depth; ++d) {
      for (int64_t c = 0; c < columns; ++c) {
        A sum = 0;
        for (int64_t r = 0; r < rows; ++r)
          sum += args.a.as<A>()[r * depth + d] * A(args.dy[i].as<T>()[r * columns + c]);
        write_gradient(dlateral.tensor.as<A>()[d * columns + c], sum, dlateral.add);
      }
    }
  }
}

}  // namespace lanet
