// Included before everything else in each .cu file: what nvcc knows by itself, for g++. Names that
// are not here fail to compile; add them when a kernel needs them, with the device's meaning.
#pragma once

// The build says what a shared variable is: thread_local or static. cuda_runtime.h keeps both
// macros.
#define __shared__ LANET_SIMT_SHARED
#define __global__ __attribute__((noinline))
#define __grid_constant__

#include <cuda_bf16.h>
#include <cuda_runtime.h>
// Never device_launch_parameters.h: it declares threadIdx and its kind as constants.

#define __launch_bounds__(...)  // checked all the same: CMakeLists.txt registers them

#include "tests/simt/simt.h"

constexpr int warpSize = 32;

#include "tests/simt/cuda_math.h"
#include "tests/simt/cuda_threads.h"
