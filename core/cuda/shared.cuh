// Dynamic shared memory. The SIMT harness of the tests has its own shared.cuh, first in its include
// path.
#pragma once

namespace lanet::cuda {

/// The block's dynamic shared memory, of the size given to launch(), at a multiple of 16 bytes.
template <typename T>
__device__ inline T* dynamic_shared() {
  extern __shared__ __align__(16) unsigned char shared_bytes[];
  return reinterpret_cast<T*>(shared_bytes);
}

}  // namespace lanet::cuda
