// No bug: what the threads of a warp and of a block compute together, against the same by hand.
#include "tests/simt/planted/planted.h"

namespace lanet::planted {

constexpr unsigned kAll = 0xFFFFFFFFu;
constexpr int kResults = 16;

__global__ void operations_kernel(int* out) {
  const int t = static_cast<int>(threadIdx.x + threadIdx.y * blockDim.x), lane = t % 32;
  int* mine = out + t * kResults;
  mine[0] = __shfl_sync(kAll, t, 5);
  mine[1] = __shfl_sync(kAll, t, 9, 8);
  mine[2] = __shfl_up_sync(kAll, t, 3);
  mine[3] = __shfl_up_sync(kAll, t, 3, 16);
  mine[4] = __shfl_down_sync(kAll, t, 3);
  mine[5] = __shfl_down_sync(kAll, t, 3, 4);
  mine[6] = __shfl_xor_sync(kAll, t, 17);
  mine[7] = static_cast<int>(__ballot_sync(kAll, lane % 3 == 0));
  mine[8] = static_cast<int>(__match_any_sync(kAll, lane % 5));
  mine[9] = __reduce_add_sync(kAll, lane - 20);
  mine[10] = __reduce_min_sync(kAll, lane - 20) * 100 + __reduce_max_sync(kAll, lane - 20);
  mine[11] = static_cast<int>(__reduce_or_sync(kAll, 1u << lane % 4) +
                              __reduce_xor_sync(kAll, lane == 3 ? 64u : 0u));
  mine[12] = __any_sync(kAll, lane == 7) * 10 + __all_sync(kAll, lane < 31);
  mine[13] = __syncthreads_count(t % 2 == 0 && t > 10);
  mine[14] = __syncthreads_or(t == 70) * 10 + __syncthreads_and(t != 70);
  mine[15] = -1;
  if (lane % 2 == 1) {
    const double half = __shfl_sync(0xAAAAAAAAu, t + 0.5, 31);
    mine[15] = static_cast<int>(2 * half);
  }
}

static const Plant operations("operations", [](Context& context) {
  constexpr int kThreads = 96;
  std::vector<int> wanted(kThreads * kResults);
  for (int t = 0; t < kThreads; ++t) {
    const int lane = t % 32, warp = t - lane;
    int* w = wanted.data() + t * kResults;
    unsigned third = 0, same = 0;
    int sum = 0, even = 0;
    for (int i = 0; i < 32; ++i) {
      if (i % 3 == 0) third |= 1u << i;
      if (i % 5 == lane % 5) same |= 1u << i;
      sum += i - 20;
    }
    for (int i = 11; i < kThreads; ++i) even += i % 2 == 0;
    const int values[kResults] = {warp + 5,
                                  t / 8 * 8 + 1,
                                  lane < 3 ? t : t - 3,
                                  lane % 16 < 3 ? t : t - 3,
                                  lane > 28 ? t : t + 3,
                                  t % 4 == 0 ? t + 3 : t,
                                  t ^ 17,
                                  static_cast<int>(third),
                                  static_cast<int>(same),
                                  sum,
                                  -20 * 100 + 11,
                                  15 + 64,
                                  10,
                                  even,
                                  10,
                                  lane % 2 == 1 ? 2 * (warp + 31) + 1 : -1};
    std::copy(values, values + kResults, w);
  }
  const DeviceArray<int> out(context, std::vector<int>(kThreads * kResults));
  cuda::launch(operations_kernel, 1, dim3(48, 2), 0, cuda::stream(context), out.data());
  out.expect(wanted);
});

}  // namespace lanet::planted
