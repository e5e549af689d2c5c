// Definition of the operation; the contract is in cast.h.
#pragma once

#include "kernels/cast.h"

namespace lanet {

template <typename From, typename To>
void cast_ref(const CastArgs& args) {
  const From* from = args.from.as<From>();
  To* to = args.to.as<To>();
  const int64_t n = args.from.elements();
#pragma omp parallel for simd
  for (int64_t i = 0; i < n; ++i) to[i] = To(accumulate_t<From>(from[i]));
}

}  // namespace lanet
