// What threads do together: the block's barrier with its votes, and the operations of a warp.
#include <algorithm>
#include <bit>
#include <cstring>

#include "core/error.h"
#include "tests/simt/checker.h"
#include "tests/simt/scheduler.h"

namespace lanet::simt {

namespace {

bool same_place(const Site& a, const Site& b) {
  return a.line() == b.line() && a.column() == b.column() &&
         std::strcmp(a.file_name(), b.file_name()) == 0;
}

const char* name_of(WarpOp op) {
  static constexpr const char* kNames[] = {
      "__syncwarp",        "__shfl_sync",       "__shfl_up_sync",    "__shfl_down_sync",
      "__shfl_xor_sync",   "__ballot_sync",     "__match_any_sync",  "__reduce_add_sync",
      "__reduce_min_sync", "__reduce_max_sync", "__reduce_min_sync", "__reduce_max_sync",
      "__reduce_and_sync", "__reduce_or_sync",  "__reduce_xor_sync"};
  return kNames[static_cast<int>(op)];
}

/// The lane that `lane` reads in a shuffle; `lane` itself where the segment ends.
unsigned source_lane(const Thread& thread, unsigned lane) {
  const int width = thread.width, self = static_cast<int>(lane);
  const int segment = self / width * width;
  int source = self;
  switch (thread.op) {
    case WarpOp::shuffle:
      source = segment + (thread.argument & (width - 1));
      break;
    case WarpOp::shuffle_up:
      source = self - thread.argument;
      if (source < segment) source = self;
      break;
    case WarpOp::shuffle_down:
      source = self + thread.argument;
      if (source >= segment + width) source = self;
      break;
    default:  // shuffle_xor: later segments may not be read, earlier ones may
      source = self ^ thread.argument;
      if (source >= segment + width) source = self;
      break;
  }
  return static_cast<unsigned>(source);
}

uint64_t reduce(WarpOp op, uint64_t a, uint64_t b) {
  const auto x = static_cast<uint32_t>(a), y = static_cast<uint32_t>(b);
  const auto sx = static_cast<int32_t>(x), sy = static_cast<int32_t>(y);
  switch (op) {
    case WarpOp::reduce_add:
      return x + y;
    case WarpOp::reduce_min:
      return std::min(x, y);
    case WarpOp::reduce_max:
      return std::max(x, y);
    case WarpOp::reduce_min_signed:
      return static_cast<uint32_t>(std::min(sx, sy));
    case WarpOp::reduce_max_signed:
      return static_cast<uint32_t>(std::max(sx, sy));
    case WarpOp::reduce_and:
      return x & y;
    case WarpOp::reduce_or:
      return x | y;
    default:
      return x ^ y;
  }
}

template <typename F>
void for_each_lane(unsigned mask, F&& f) {
  for (; mask != 0; mask &= mask - 1) f(static_cast<unsigned>(std::countr_zero(mask)));
}

/// Leaves each lane's result in its value. Called when all lanes of the mask are there.
void complete(WarpOp op, unsigned mask, Thread* lanes) {
  switch (op) {
    case WarpOp::sync:
      break;
    case WarpOp::shuffle:
    case WarpOp::shuffle_up:
    case WarpOp::shuffle_down:
    case WarpOp::shuffle_xor: {
      uint64_t given[kWarp];
      for_each_lane(mask, [&](unsigned lane) { given[lane] = lanes[lane].value; });
      for_each_lane(mask, [&](unsigned lane) {
        const unsigned source = source_lane(lanes[lane], lane);
        if (source >= kWarp || !(mask >> source & 1))
          fail(fmt::format(
              "wrong mask: in {} at {} lane {} reads lane {}, which the mask {:#010x} does "
              "not name",
              name_of(op), site_in_words(lanes[lane].site), lane, source, mask));
        lanes[lane].value = given[source];
      });
      break;
    }
    case WarpOp::ballot: {
      unsigned votes = 0;
      for_each_lane(mask, [&](unsigned lane) {
        votes |= static_cast<unsigned>(lanes[lane].value != 0) << lane;
      });
      for_each_lane(mask, [&](unsigned lane) { lanes[lane].value = votes; });
      break;
    }
    case WarpOp::match_any: {
      uint64_t matches[kWarp];
      for_each_lane(mask, [&](unsigned lane) {
        matches[lane] = 0;
        for_each_lane(mask, [&](unsigned other) {
          matches[lane] |= uint64_t{lanes[other].value == lanes[lane].value} << other;
        });
      });
      for_each_lane(mask, [&](unsigned lane) { lanes[lane].value = matches[lane]; });
      break;
    }
    default: {
      unsigned rest = mask & (mask - 1);
      uint64_t total = lanes[std::countr_zero(mask)].value;
      for_each_lane(rest, [&](unsigned lane) { total = reduce(op, total, lanes[lane].value); });
      for_each_lane(mask, [&](unsigned lane) { lanes[lane].value = total; });
    }
  }
}

void require_sound_mask(WarpOp op, unsigned mask, const Site& site) {
  const Warp& warp = block.my_warp();
  auto wrong = [&](const std::string& why) {
    fail(fmt::format("wrong mask: {} at {} with mask {:#010x}: {}", name_of(op),
                     site_in_words(site), mask, why));
  };
  if (!(mask >> block.lane() & 1))
    wrong(fmt::format("it does not name the calling lane {}", block.lane()));
  if (mask & ~warp.existing)
    wrong(fmt::format("the block has no lanes {} in this warp",
                      lanes_in_words(mask & ~warp.existing)));
  if (mask & warp.done)
    wrong(fmt::format("lanes {} have returned", lanes_in_words(mask & warp.done)));
  const Thread* lanes = &block.thread[block.current / kWarp * kWarp];
  if (const unsigned elsewhere = mask & warp.at_barrier) {
    const Site& other = lanes[std::countr_zero(elsewhere)].site;
    wrong(fmt::format("lanes {} wait at __syncthreads, {}", lanes_in_words(elsewhere),
                      site_in_words(other)));
  }
  if (const unsigned waiting = mask & warp.in_warp) {
    const Thread& other = lanes[std::countr_zero(waiting)];
    if (other.op != op || other.mask != mask || !same_place(other.site, site))
      wrong(fmt::format("lane {} waits in {} at {} with mask {:#010x}", std::countr_zero(waiting),
                        name_of(other.op), site_in_words(other.site), other.mask));
  }
}

struct {
  int count = 0;
  int result = 0;
} votes;

int outcome(Vote vote) {
  switch (vote) {
    case Vote::all:
      return votes.count == static_cast<int>(block.threads);
    case Vote::any:
      return votes.count > 0;
    default:
      return votes.count;
  }
}

}  // namespace

int block_barrier(Vote vote, bool predicate, const Site& site) {
  const HarnessCode harness;
  if (block.at_barrier == 0) {
    votes.count = 0;
  } else {
    unsigned first = 0;
    while (block.thread[first].state != State::at_barrier) ++first;
    const Site& other = block.thread[first].site;
    if (!same_place(other, site))
      fail(fmt::format(
          "barrier divergence: it comes to the barrier at {}, but {} waits at that of {}",
          site_in_words(site), thread_name(first, blockIdx), site_in_words(other)));
  }
  votes.count += predicate;
  block.me().site = site;
  if (++block.at_barrier < block.threads) {
    wait(State::at_barrier);
    return votes.result;
  }
  // The last one. Nobody reaches the next barrier's end before all have read this one's result.
  votes.result = outcome(vote);
  block.at_barrier = 0;
  for (unsigned t = 0; t < block.threads; ++t) wake(t);
  checker::block_met();
  const int result = votes.result;
  let_first_go_on();
  return result;
}

uint64_t warp_operation(WarpOp op, unsigned mask, uint64_t value, int argument, int width,
                        const Site& site) {
  const HarnessCode harness;
  require_sound_mask(op, mask, site);
  if (width < 1 || width > 32 || !std::has_single_bit(static_cast<unsigned>(width)))
    fail(fmt::format("{} at {} of width {}", name_of(op), site_in_words(site), width));
  Thread& me = block.me();
  me.op = op;
  me.mask = mask;
  me.value = value;
  me.argument = argument;
  me.width = width;
  me.site = site;
  const unsigned bit = 1u << block.lane();
  if (((block.my_warp().in_warp | bit) & mask) != mask) {
    wait(State::in_warp);
    return me.value;
  }
  const unsigned warp = block.current / kWarp;
  complete(op, mask, &block.thread[warp * kWarp]);
  for_each_lane(mask & ~bit, [&](unsigned lane) { wake(warp * kWarp + lane); });
  if (op == WarpOp::sync) checker::warp_met(warp, mask);
  return me.value;
}

}  // namespace lanet::simt
