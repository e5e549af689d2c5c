// Stands in front of core/cuda/shared.cuh in the include path of the SIMT harness.
#pragma once

#include "tests/simt/simt.h"

namespace lanet::cuda {

template <typename T>
inline T* dynamic_shared() {
  return static_cast<T*>(simt::dynamic_shared());
}

}  // namespace lanet::cuda
