// Barriers that not everyone comes to, and a wait for nobody.
#include "tests/simt/planted/planted.h"

namespace lanet::planted {

__global__ void two_barriers_kernel(int* out) {
  if (threadIdx.x < 32) {
    out[threadIdx.x] = 1;
    __syncthreads();
  } else {
    __syncthreads();
    out[threadIdx.x] = 2;
  }
}

__global__ void skipped_barrier_kernel(int* out) {
  if (threadIdx.x < 48) __syncthreads();
  out[threadIdx.x] = 1;
}

__global__ void early_return_kernel(int* out, int n) {
  __shared__ int values[64];
  if (static_cast<int>(threadIdx.x) >= n) return;
  values[threadIdx.x] = 1;
  __syncthreads();
  out[threadIdx.x] = values[n - 1 - threadIdx.x];
}

__global__ void endless_wait_kernel(int* out) {
  const volatile int* flag = out + 1;
  while (*flag == 0) {
  }
  out[0] = 1;
}

static const Plant two_barriers("two_barriers", [](Context& context) {
  const DeviceArray<int> out(context, std::vector<int>(64));
  cuda::launch(two_barriers_kernel, 1, 64, 0, cuda::stream(context), out.data());
});
static const Plant skipped_barrier("skipped_barrier", [](Context& context) {
  const DeviceArray<int> out(context, std::vector<int>(64));
  cuda::launch(skipped_barrier_kernel, 1, 64, 0, cuda::stream(context), out.data());
});
static const Plant early_return("early_return", [](Context& context) {
  const DeviceArray<int> out(context, std::vector<int>(64));
  cuda::launch(early_return_kernel, 1, 64, 0, cuda::stream(context), out.data(), 50);
});
static const Plant endless_wait("endless_wait", [](Context& context) {
  const DeviceArray<int> out(context, std::vector<int>(2));
  cuda::launch(endless_wait_kernel, 1, 32, 0, cuda::stream(context), out.data());
});

}  // namespace lanet::planted
