// Checks of CUDA calls: every status is looked at.
#pragma once

#include <cuda_runtime.h>

#include <cstdio>

#include "core/error.h"

/// Throws Error with the expression, the place, the device and CUDA's own words if a call fails.
#define LANET_CUDA_CHECK(expression) \
  ::lanet::cuda::check((expression), #expression, __FILE__, __LINE__)
/// The same for destructors, which must not throw: writes the failure to stderr.
#define LANET_CUDA_LOG(expression) ::lanet::cuda::log((expression), #expression, __FILE__, __LINE__)

namespace lanet::cuda {

inline std::string describe(cudaError_t status, const char* expression, const char* file,
                            int line) {
  int device = -1;
  (void)cudaGetDevice(&device);
  return fmt::format("CUDA: {} ({}) from {} at {}:{} on device {}", cudaGetErrorString(status),
                     cudaGetErrorName(status), expression, file, line, device);
}

inline void check(cudaError_t status, const char* expression, const char* file, int line) {
  if (status != cudaSuccess) throw Error(describe(status, expression, file, line));
}

inline void log(cudaError_t status, const char* expression, const char* file, int line) {
  if (status != cudaSuccess) fmt::print(stderr, "{}\n", describe(status, expression, file, line));
}

}  // namespace lanet::cuda
