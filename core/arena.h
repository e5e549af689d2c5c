// Arena: lifetimes become offsets in one block of memory.
#pragma once

#include <cstddef>
#include <vector>

namespace lanet {

/// A piece of memory that is needed from step `first` to step `last`, both included.
struct Lifetime {
  size_t bytes = 0;
  int first = 0;
  int last = 0;
  size_t offset = 0;  ///< out: where it lies in the block
};

/// Every offset is a multiple of this.
constexpr size_t kArenaAlignment = 256;

/// Gives every lifetime an offset such that no two that are alive at the same step overlap, and
/// returns the bytes of the whole block. Largest first, each at the lowest place that is free: not
/// optimal (the problem is NP-hard), deterministic, and close to the peak of live bytes on chains
/// of layers.
size_t assign_offsets(std::vector<Lifetime>& lifetimes);

}  // namespace lanet
