// launch(): the only way a kernel is started.
#pragma once

#include <algorithm>
#include <tuple>
#include <utility>

#include "core/context.h"
#include "core/cuda/start.h"
#include "core/round_up.h"

namespace lanet::cuda {

inline cudaStream_t stream(const Context& context) {
  return static_cast<cudaStream_t>(context.stream());
}

/// Starts `kernel` on `stream`. Arguments are converted to the kernel's parameter types.
/// Nothing that changes from step to step may be an argument: such values live in device memory.
/// An empty grid is no work, and no launch.
template <typename... Parameters, typename... Arguments>
void launch(void (*kernel)(Parameters...), dim3 grid, dim3 block, size_t shared_bytes,
            cudaStream_t stream, Arguments&&... arguments) {
  static_assert(sizeof...(Parameters) == sizeof...(Arguments), "one argument a kernel parameter");
  if (grid.x == 0 || grid.y == 0 || grid.z == 0) return;
  std::tuple<Parameters...> values{static_cast<Parameters>(std::forward<Arguments>(arguments))...};
  start(kernel, grid, block, shared_bytes, stream, values);
}

/// The least number of blocks of `block` threads that cover `n` items.
inline unsigned blocks_for(int64_t n, unsigned block) {
  const int64_t blocks = (n + block - 1) / block;
  LANET_REQUIRE(blocks <= INT32_MAX, "{} blocks of {} for {} items", blocks, block, n);
  return static_cast<unsigned>(blocks);
}

/// Threads of a block that goes through `items` in rounds: whole warps, at most `most`, a multiple
/// of 32, and as many as keep the last round about as full as the others.
inline unsigned threads_for(int64_t items, unsigned most) {
  const int64_t rounds = std::max<int64_t>(1, (items + most - 1) / most);
  const int64_t a_round = std::max<int64_t>(1, (items + rounds - 1) / rounds);
  return static_cast<unsigned>(round_up(a_round, 32));
}

}  // namespace lanet::cuda
