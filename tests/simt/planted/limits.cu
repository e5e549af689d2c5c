// Launches that no device takes.
#include "core/cuda/device.cuh"
#include "tests/simt/planted/planted.h"

namespace lanet {
constexpr unsigned kMost = 64;
}

namespace lanet::planted {

__global__ void idle_kernel(int*) {}

__global__ void __launch_bounds__(kMost) bounded_kernel(int* out) {
  out[threadIdx.x] = 1;
}

__global__ void static_and_dynamic_kernel(int* out) {
  __shared__ int values[8 * 1024];
  int* more = cuda::dynamic_shared<int>();
  values[threadIdx.x] = 1;
  more[threadIdx.x] = 1;
  out[threadIdx.x] = values[threadIdx.x] + more[threadIdx.x];
}

static Bug launched(void (*kernel)(int*), dim3 grid, dim3 block, size_t shared_bytes) {
  return [=](Context& context) {
    const DeviceArray<int> out(context, std::vector<int>(1024));
    cuda::launch(kernel, grid, block, shared_bytes, cuda::stream(context), out.data());
  };
}
static const Plant large_block("large_block", launched(idle_kernel, 1, 2048, 0));
static const Plant deep_block("deep_block", launched(idle_kernel, 1, dim3(1, 1, 65), 0));
static const Plant high_grid("high_grid", launched(idle_kernel, dim3(1, 65536), 32, 0));
static const Plant large_shared("large_shared", launched(idle_kernel, 1, 32, 228 * 1024));
static const Plant beyond_bounds("beyond_bounds", launched(bounded_kernel, 1, 2 * kMost, 0));
static const Plant within_bounds("within_bounds", launched(bounded_kernel, 1, kMost, 0));
static const Plant static_and_dynamic("static_and_dynamic",
                                      launched(static_and_dynamic_kernel, 1, 32, 20 * 1024));

}  // namespace lanet::planted
