// The threads of one block and whose turn it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/simt/fiber.h"
#include "tests/simt/simt.h"

namespace lanet::simt {

constexpr unsigned kWarp = 32;
constexpr unsigned kMaxThreads = 1024;
constexpr unsigned kMaxWarps = kMaxThreads / kWarp;

enum class State : uint8_t { ready, at_barrier, in_warp, done };

struct Thread {
  State state;
  Fiber* fiber;  // null: not yet begun, or done
  Site site;     // of the barrier or warp operation it waits in
  WarpOp op;
  unsigned mask;
  uint64_t value;
  int argument, width;
};

/// Lanes of one warp by state.
struct Warp {
  unsigned existing, ready, at_barrier, in_warp, done;
};

struct Block {
  unsigned threads = 0;
  Thread thread[kMaxThreads];
  Warp warp[kMaxWarps];
  unsigned current = 0;     // the thread whose turn it is
  unsigned at_barrier = 0;  // threads that wait there
  unsigned done = 0;

  Thread& me() { return thread[current]; }
  unsigned lane() const { return current % kWarp; }
  Warp& my_warp() { return warp[current / kWarp]; }
};
extern Block block;

/// The calling thread waits: others run until somebody calls wake() for it.
/// Ends the launch with a report if nobody can go on.
void wait(State state);
void wake(unsigned thread);
/// The calling thread could go on, but another may come before it.
void let_first_go_on();

/// The launch that runs, or null outside of kernels.
const Launch* current_launch();
/// "thread 5 of block 0"; in blocks of several dimensions "thread (5,1,0) of block 0".
std::string thread_name(unsigned thread, uint3 of_block);
/// "adam_kernel<float>, thread 5 of block 0": who runs now.
std::string current_place();
/// {5, 7, 8, 9} → "5, 7-9"
std::string numbers_in_words(const std::vector<unsigned>& numbers);
std::string lanes_in_words(unsigned mask);
std::string site_in_words(const Site& site);

/// Ends the launch from within a kernel: run() throws Error with this and who was running.
[[noreturn]] void fail(const std::string& message);

/// Lives where the harness works in a thread's name: what it touches is not the kernel's doing.
class HarnessCode {
 public:
  HarnessCode();
  ~HarnessCode();
  HarnessCode(const HarnessCode&) = delete;
  HarnessCode& operator=(const HarnessCode&) = delete;
};

}  // namespace lanet::simt
