// Warp operations with the wrong lanes.
#include "core/cuda/device.cuh"
#include "tests/simt/planted/planted.h"

namespace lanet::planted {

__global__ void partial_branch_kernel(int* out) {
  if (threadIdx.x < 16) out[threadIdx.x] = cuda::warp_sum(1);
}

__global__ void caller_not_named_kernel(int* out) {
  out[threadIdx.x] = __shfl_xor_sync(0x0000FFFFu, 1, 1);
}

__global__ void lanes_not_there_kernel(int* out) {
  out[threadIdx.x] = cuda::warp_sum(1);
}

__global__ void source_not_named_kernel(int* out) {
  if (threadIdx.x < 16) out[threadIdx.x] = __shfl_xor_sync(0x0000FFFFu, 1, 16);
}

__global__ void two_operations_kernel(int* out) {
  if (threadIdx.x % 2 == 0)
    out[threadIdx.x] = __any_sync(0xFFFFFFFFu, 1);
  else
    out[threadIdx.x] = __all_sync(0xFFFFFFFFu, 1);
}

__global__ void warp_against_barrier_kernel(int* out) {
  if (threadIdx.x == 5)
    __syncthreads();
  else
    out[threadIdx.x] = cuda::warp_sum(1);
}

template <bool kFence>
__global__ void neighbours_kernel(int* out) {
  __shared__ int values[32];
  values[threadIdx.x] = -1;
  __syncwarp();
  values[threadIdx.x] = static_cast<int>(threadIdx.x);
  if (kFence) __syncwarp();
  out[threadIdx.x] = values[threadIdx.x ^ 1];
}

static Bug one_warp(void (*kernel)(int*), unsigned threads = 32) {
  return [kernel, threads](Context& context) {
    const DeviceArray<int> out(context, std::vector<int>(64));
    cuda::launch(kernel, 1, threads, 0, cuda::stream(context), out.data());
  };
}
static const Plant partial_branch("partial_branch", one_warp(partial_branch_kernel));
static const Plant caller_not_named("caller_not_named", one_warp(caller_not_named_kernel));
static const Plant lanes_not_there("lanes_not_there", one_warp(lanes_not_there_kernel, 40));
static const Plant source_not_named("source_not_named", one_warp(source_not_named_kernel));
static const Plant two_operations("two_operations", one_warp(two_operations_kernel));
static const Plant warp_against_barrier("warp_against_barrier",
                                        one_warp(warp_against_barrier_kernel));
static const Plant missing_syncwarp("missing_syncwarp", one_warp(neighbours_kernel<false>));
static const Plant with_syncwarp("with_syncwarp", one_warp(neighbours_kernel<true>));

}  // namespace lanet::planted
