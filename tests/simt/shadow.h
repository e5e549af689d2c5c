// Who touched which byte last, and whether what a thread does now comes after it for sure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "tests/simt/scheduler.h"
#include "tests/simt/symbols.h"

namespace lanet::simt {

/// What separates accesses in time. Intervals are counted from the program's start: one ends at
/// each barrier of a block, at the end of each block and of each launch.
class Clock {
 public:
  void begin_launch();
  void begin_block();
  void block_met() { ++now_; }
  /// __syncwarp: each lane of the mask now knows what the others did before.
  void warp_met(unsigned warp, unsigned mask);

  uint32_t now() const { return now_; }
  uint32_t launch_first() const { return launch_first_; }
  uint32_t block_first() const { return block_first_; }
  uint32_t epoch(unsigned thread) const { return epochs_[thread]; }
  /// Of threads of one warp in the present interval: what `other` did at `epoch` came before
  /// whatever `thread` does now.
  bool knows(unsigned thread, unsigned other, uint32_t epoch) const {
    return known_[thread][other % kWarp] > epoch;
  }
  /// "thread 3 of block 7", for an access in this launch.
  std::string thread_at(uint32_t interval, unsigned thread) const;

 private:
  uint32_t now_ = 0, launch_first_ = 0, block_first_ = 0;
  uint32_t epochs_[kMaxThreads] = {};
  uint32_t known_[kMaxThreads][kWarp] = {};         // epochs of each lane of the warp that are over
  std::vector<std::pair<uint32_t, uint3>> blocks_;  // of this launch, with their first intervals
};

/// An access that was. `code` is where it was done, from the program's beginning.
struct Access {
  uint32_t interval;  // 0: there was none
  uint32_t code : 31;
  uint32_t atomic : 1;
  uint32_t epoch : 22;
  uint32_t thread : 10;
};

/// A byte's history. Two readers at most are kept, of different warps if there are: a writer that
/// comes after both of them for sure is then in order with everybody else who read.
struct Cell {
  Access writer, reader, other_reader;
};

enum class Kind : uint8_t { read, write, atomic };

/// The history of a range of memory.
class Shadow {
 public:
  Shadow(const Clock& clock, Range range, bool shared);

  const Range& range() const { return range_; }
  /// Notes an access by the current thread. The one that it races with goes to `conflict`.
  bool in_order(const std::byte* address, size_t bytes, Kind kind, uint32_t code, Access* conflict);
  /// Shared memory: written in this block.
  bool written(const std::byte* address, size_t bytes) const;

 private:
  bool before_now(const Access& access) const;
  bool note_read(Cell& cell, const Access& now, Access* conflict);
  bool note_write(Cell& cell, const Access& now, Access* conflict);

  const Clock& clock_;
  Range range_;
  bool shared_;
  Cell* cells_;
};

}  // namespace lanet::simt
