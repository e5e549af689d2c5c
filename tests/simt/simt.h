// What kernels that run on the CPU call: the harness's side of launches, barriers and warps.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>
#include <source_location>

// Of the thread whose turn it is.
extern uint3 threadIdx, blockIdx;
extern dim3 blockDim, gridDim;

namespace lanet::simt {

using Site = std::source_location;

/// One launch. `run_thread(call)` runs the kernel once, as the thread that threadIdx names.
struct Launch {
  const void* kernel;
  dim3 grid, block;
  size_t shared_bytes;
  const void* parameters;
  size_t parameter_bytes;
  const void* call;
  void (*run_thread)(const void* call);
};

/// Runs every thread of every block, and returns when all are done. Throws Error with everything
/// that is known if the launch breaks a limit of the device or a thread breaks a rule.
void run(const Launch& launch);

void* dynamic_shared();

enum class Vote : uint8_t { none, count, all, any };
/// The block's barrier; the vote's outcome is the same in each thread.
int block_barrier(Vote vote, bool predicate, const Site& site);

/// What the lanes of a mask do together. Reductions are of unsigned values but where named.
enum class WarpOp : uint8_t {
  sync,
  shuffle,
  shuffle_up,
  shuffle_down,
  shuffle_xor,
  ballot,
  match_any,
  reduce_add,
  reduce_min,
  reduce_max,
  reduce_min_signed,
  reduce_max_signed,
  reduce_and,
  reduce_or,
  reduce_xor
};
/// `argument` and `width` are those of the shuffles. Returns when all lanes of the mask came here.
uint64_t warp_operation(WarpOp op, unsigned mask, uint64_t value, int argument, int width,
                        const Site& site);

/// The bits of a word that an atomic operation is about to replace by atomic_end().
uint64_t atomic_begin(const void* address, size_t bytes);
void atomic_end(void* address, size_t bytes, uint64_t value);

/// __launch_bounds__ of a kernel, by its name without namespace and template arguments.
struct LaunchBound {
  LaunchBound(const char* kernel, unsigned threads);
};

}  // namespace lanet::simt
