#include "tests/simt/shadow.h"

#include <sys/mman.h>

#include <cstring>

#include "core/error.h"

namespace lanet::simt {

void Clock::begin_launch() {
  launch_first_ = now_ + 1;
  std::memset(epochs_, 0, sizeof(epochs_));
  std::memset(known_, 0, sizeof(known_));
  blocks_.clear();
}

void Clock::begin_block() {
  block_first_ = ++now_;
  blocks_.emplace_back(now_, blockIdx);
}

void Clock::warp_met(unsigned warp, unsigned mask) {
  const unsigned first = warp * kWarp;
  uint32_t all[kWarp] = {};
  for (unsigned lane = 0; lane < kWarp; ++lane) {
    if (!(mask >> lane & 1)) continue;
    known_[first + lane][lane] = ++epochs_[first + lane];
    for (unsigned other = 0; other < kWarp; ++other)
      all[other] = std::max(all[other], known_[first + lane][other]);
  }
  for (unsigned lane = 0; lane < kWarp; ++lane) {
    if (mask >> lane & 1) std::memcpy(known_[first + lane], all, sizeof(all));
  }
}

std::string Clock::thread_at(uint32_t interval, unsigned thread) const {
  size_t i = blocks_.size() - 1;
  while (i > 0 && blocks_[i].first > interval) --i;
  return thread_name(thread, blocks_[i].second);
}

Shadow::Shadow(const Clock& clock, Range range, bool shared)
    : clock_(clock), range_(range), shared_(shared) {
  void* memory = mmap(nullptr, range.bytes * sizeof(Cell) + 1, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw Error("no memory for the harness's book of accesses");
  cells_ = static_cast<Cell*>(memory);
}

bool Shadow::before_now(const Access& access) const {
  // What came before: other launches; of shared memory, which begins anew with each block, blocks.
  if (access.interval < (shared_ ? clock_.block_first() : clock_.launch_first())) return true;
  if (access.interval < clock_.block_first()) return false;  // another block of this launch
  if (access.interval < clock_.now() || access.thread == block.current) return true;
  return access.thread / kWarp == block.current / kWarp &&
         clock_.knows(block.current, access.thread, access.epoch);
}

bool Shadow::note_read(Cell& cell, const Access& now, Access* conflict) {
  if (!before_now(cell.writer)) {
    *conflict = cell.writer;
    return false;
  }
  if (before_now(cell.reader)) {
    cell.reader = now;
    return true;
  }
  // The reader that is kept is not before this one. Of the other two, keep one of another warp.
  const bool same_warp = cell.reader.interval >= clock_.block_first() &&
                         cell.reader.thread / kWarp == now.thread / kWarp;
  if (before_now(cell.other_reader) || !same_warp) cell.other_reader = now;
  return true;
}

bool Shadow::note_write(Cell& cell, const Access& now, Access* conflict) {
  const bool both_atomic = now.atomic && cell.writer.atomic;
  for (const Access* past : {&cell.writer, &cell.reader, &cell.other_reader}) {
    if (before_now(*past) || (past == &cell.writer && both_atomic)) continue;
    *conflict = *past;
    return false;
  }
  cell = {now, {}, {}};
  return true;
}

bool Shadow::in_order(const std::byte* address, size_t bytes, Kind kind, uint32_t code,
                      Access* conflict) {
  const Access now{.interval = clock_.now(),
                   .code = code,
                   .atomic = kind == Kind::atomic,
                   .epoch = clock_.epoch(block.current),
                   .thread = block.current};
  Cell* cell = cells_ + range_.offset_of(address);
  for (Cell* end = cell + bytes; cell != end; ++cell) {
    if (!(kind == Kind::read ? note_read(*cell, now, conflict) : note_write(*cell, now, conflict)))
      return false;
  }
  return true;
}

bool Shadow::written(const std::byte* address, size_t bytes) const {
  const Cell* cell = cells_ + range_.offset_of(address);
  for (const Cell* end = cell + bytes; cell != end; ++cell) {
    if (cell->writer.interval < clock_.block_first()) return false;
  }
  return true;
}

}  // namespace lanet::simt
