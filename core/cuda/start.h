// start(): hands one launch to the CUDA runtime. The SIMT harness of the tests has its own start.h,
// first in its include path, which runs the kernel on the CPU.
#pragma once

#include <tuple>

#include "core/cuda/check.h"

namespace lanet::cuda {

template <typename... Parameters>
void start(void (*kernel)(Parameters...), dim3 grid, dim3 block, size_t shared_bytes,
           cudaStream_t stream, std::tuple<Parameters...>& values) {
  constexpr size_t kSharedWithoutAsking = 48 * 1024;
  const void* function = reinterpret_cast<const void*>(kernel);
  if (shared_bytes > kSharedWithoutAsking) {
    LANET_CUDA_CHECK(cudaFuncSetAttribute(function, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                          static_cast<int>(shared_bytes)));
  }
  std::apply(
      [&](auto&... value) {
        void* pointers[] = {static_cast<void*>(&value)..., nullptr};
        LANET_CUDA_CHECK(cudaLaunchKernel(function, grid, block, pointers, shared_bytes, stream));
      },
      values);
}

}  // namespace lanet::cuda
