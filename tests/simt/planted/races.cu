// Accesses that nothing puts in order.
#include "tests/simt/planted/planted.h"

namespace lanet::planted {

constexpr unsigned kThreads = 128;

/// Reverses groups of kThreads values, twice through the same shared array.
template <bool kFirstBarrier, bool kSecondBarrier>
__global__ void reverse_twice_kernel(const int* in, int* out) {
  __shared__ int values[kThreads];
  values[threadIdx.x] = -1;
  __syncthreads();
  for (int round = 0; round < 2; ++round) {
    values[threadIdx.x] = in[round * kThreads + threadIdx.x];
    if (kFirstBarrier) __syncthreads();
    out[round * kThreads + threadIdx.x] = values[kThreads - 1 - threadIdx.x];
    if (kSecondBarrier) __syncthreads();
  }
}

static Bug reverse_twice(void (*kernel)(const int*, int*)) {
  return [kernel](Context& context) {
    std::vector<int> values(2 * kThreads), wanted(2 * kThreads);
    for (unsigned i = 0; i < 2 * kThreads; ++i) {
      values[i] = static_cast<int>(i);
      wanted[i / kThreads * kThreads + kThreads - 1 - i % kThreads] = static_cast<int>(i);
    }
    const DeviceArray<int> in(context, values), out(context, std::vector<int>(2 * kThreads));
    cuda::launch(kernel, 1, kThreads, 0, cuda::stream(context), in.data(), out.data());
    out.expect(wanted);
  };
}
static const Plant with_barriers("with_barriers", reverse_twice(reverse_twice_kernel<true, true>));
static const Plant missing_barrier("missing_barrier",
                                   reverse_twice(reverse_twice_kernel<false, true>));
static const Plant missing_second_barrier("missing_second_barrier",
                                          reverse_twice(reverse_twice_kernel<true, false>));

__global__ void blocks_meet_kernel(int* out) {
  if (threadIdx.x == 0) out[0] = 7;
}

/// Block 0 reads what block 1 first reads and then writes.
__global__ void read_then_written_kernel(int* values) {
  if (threadIdx.x != 0) return;
  const int value = values[0];
  if (blockIdx.x == 1)
    values[0] = value + 1;
  else
    values[1] = value;
}

__global__ void plain_against_atomic_kernel(int* out) {
  if (threadIdx.x == 0)
    out[0] = 1;
  else
    atomicAdd(out, 1);
}

__global__ void atomic_kernel(int* out) {
  atomicAdd(out, 1);
}

static Bug two_blocks(void (*kernel)(int*), int wanted) {
  return [kernel, wanted](Context& context) {
    const DeviceArray<int> out(context, std::vector<int>(2));
    cuda::launch(kernel, 2, 32, 0, cuda::stream(context), out.data());
    if (out.download()[0] != wanted) throw Error("wrong result");
  };
}
static const Plant blocks_meet("blocks_meet", two_blocks(blocks_meet_kernel, 7));
static const Plant read_then_written("read_then_written", two_blocks(read_then_written_kernel, 1));
static const Plant plain_against_atomic("plain_against_atomic",
                                        two_blocks(plain_against_atomic_kernel, 32));
static const Plant atomics("atomics", two_blocks(atomic_kernel, 64));

}  // namespace lanet::planted
