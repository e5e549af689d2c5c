#include "tests/simt/scheduler.h"

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <map>
#include <random>
#include <utility>
#include <vector>

#include <unistd.h>

#include "core/error.h"
#include "tests/simt/checker.h"
#include "tests/simt/device.h"
#include "tests/simt/symbols.h"

uint3 threadIdx, blockIdx;
dim3 blockDim, gridDim;

namespace lanet::simt {

Block block;

namespace {

/// Whose turn comes first. Always the first that can goes on as far as it can, which is what shows
/// a missing barrier; greedy draws another order of the warps for each block.
enum class Order : uint8_t { forward, reverse, greedy };

Order order() {
  static const Order chosen = [] {
    const char* name = std::getenv("LANET_SIMT_ORDER");
    const std::string order = name ? name : "forward";
    if (order == "forward") return Order::forward;
    if (order == "reverse") return Order::reverse;
    if (order == "greedy") return Order::greedy;
    throw Error(fmt::format("LANET_SIMT_ORDER is {}; expected forward, reverse or greedy", order));
  }();
  return chosen;
}

const Launch* launch_now = nullptr;
bool in_kernel = false;
std::string failure;

Fiber program;             // where run() was called
Fiber* running = nullptr;  // the fibre that has the machine
std::vector<Fiber> fibers(kMaxThreads);
std::vector<Fiber*> idle;
size_t fibers_in_use = 0;

// Warps by rank: the least rank goes first.
unsigned warp_of_rank[kMaxWarps], rank_of_warp[kMaxWarps];
unsigned ready_ranks = 0;
bool last_lane_first = false;
uint3 thread_index[kMaxThreads];

constexpr int kNobody = -1;

int next_thread() {
  if (ready_ranks == 0) return kNobody;
  const unsigned warp = warp_of_rank[__builtin_ctz(ready_ranks)];
  const unsigned lanes = block.warp[warp].ready;
  return static_cast<int>(warp * kWarp +
                          (last_lane_first ? 31 - __builtin_clz(lanes) : __builtin_ctz(lanes)));
}

void set_current(unsigned thread) {
  block.current = thread;
  threadIdx = thread_index[thread];
}

void go_to(Fiber& to) {
  Fiber& from = *std::exchange(running, &to);
  switch_fiber(from, to);
}

void not_ready(unsigned thread) {
  Warp& warp = block.warp[thread / kWarp];
  warp.ready &= ~(1u << thread % kWarp);
  if (warp.ready == 0) ready_ranks &= ~(1u << rank_of_warp[thread / kWarp]);
}

[[noreturn]] void report_stuck() {
  std::map<std::string, std::vector<unsigned>> groups;  // the threads at each place
  for (unsigned t = 0; t < block.threads; ++t) {
    const Thread& thread = block.thread[t];
    groups[thread.state == State::done ? "returned"
           : thread.state == State::at_barrier
               ? "wait at __syncthreads, " + site_in_words(thread.site)
               : fmt::format("wait in a warp operation of mask {:#010x}, {}", thread.mask,
                             site_in_words(thread.site))]
        .push_back(t);
  }
  std::string text = "barrier divergence: nobody in the block can go on";
  for (const auto& [place, threads] : groups)
    text += fmt::format("\n  {} threads {}: {}", threads.size(), place, numbers_in_words(threads));
  fail(text);
}

/// Every fibre: begins threads and, where the next one waits on another fibre, steps aside.
void work() {
  for (;;) {
    const int next = next_thread();
    if (next == kNobody) {
      if (block.done != block.threads) report_stuck();
      idle.push_back(running);
      go_to(program);
      continue;
    }
    if (Fiber* fiber = block.thread[next].fiber) {
      idle.push_back(running);
      go_to(*fiber);
      continue;
    }
    set_current(static_cast<unsigned>(next));
    block.me().fiber = running;
    checker::watch(in_kernel = true);
    launch_now->run_thread(launch_now->call);
    checker::watch(in_kernel = false);
    Thread& me = block.me();
    me.fiber = nullptr;
    me.state = State::done;
    not_ready(block.current);
    block.my_warp().done |= 1u << block.lane();
    ++block.done;
  }
}

Fiber& idle_fiber() {
  if (idle.empty()) {
    prepare_fiber(fibers[fibers_in_use], fibers_in_use, &work);
    return fibers[fibers_in_use++];
  }
  Fiber& fiber = *idle.back();
  idle.pop_back();
  return fiber;
}

void set_up_launch(const Launch& launch) {
  blockDim = launch.block;
  gridDim = launch.grid;
  block.threads = launch.block.x * launch.block.y * launch.block.z;
  for (unsigned t = 0; t < block.threads; ++t)
    thread_index[t] = {t % launch.block.x, t / launch.block.x % launch.block.y,
                       t / launch.block.x / launch.block.y};
}

void set_up_block() {
  const unsigned warps = (block.threads + kWarp - 1) / kWarp;
  for (unsigned w = 0; w < warps; ++w)
    warp_of_rank[w] = order() == Order::reverse ? warps - 1 - w : w;
  last_lane_first = order() == Order::reverse;
  if (order() == Order::greedy) {
    static std::minstd_rand random(1);
    for (unsigned w = warps - 1; w > 0; --w)
      std::swap(warp_of_rank[w], warp_of_rank[random() % (w + 1)]);
    last_lane_first = random() % 2 == 1;
  }
  ready_ranks = warps == 32 ? ~0u : (1u << warps) - 1;
  for (unsigned rank = 0; rank < warps; ++rank) {
    const unsigned w = warp_of_rank[rank];
    rank_of_warp[w] = rank;
    const unsigned lanes = std::min(kWarp, block.threads - w * kWarp);
    const unsigned existing = lanes == 32 ? ~0u : (1u << lanes) - 1;
    block.warp[w] = {.existing = existing, .ready = existing};
  }
  for (unsigned t = 0; t < block.threads; ++t) {
    block.thread[t].state = State::ready;
    block.thread[t].fiber = nullptr;
  }
  block.at_barrier = block.done = 0;
}

void run_block() {
  set_up_block();
  checker::begin_block();
  running = &program;
  go_to(idle_fiber());
}

/// For kernels that wait for what nobody will write: no fibre gives its turn away there.
class Watchdog {
 public:
  explicit Watchdog(const Launch& launch) {
    const char* limit = std::getenv("LANET_SIMT_SECONDS");
    std::snprintf(message_, sizeof(message_),
                  "simt: %s still runs after its time: an endless wait?\n",
                  kernel_name(launch.kernel).c_str());
    std::signal(SIGALRM, [](int) {
      (void)!write(STDERR_FILENO, message_, std::strlen(message_));
      std::_Exit(3);
    });
    alarm(limit ? static_cast<unsigned>(std::atoi(limit)) : 60);
  }
  ~Watchdog() { alarm(0); }

 private:
  static inline char message_[512];
};

}  // namespace

HarnessCode::HarnessCode() {
  checker::watch(false);
}
HarnessCode::~HarnessCode() {
  checker::watch(in_kernel);
}

const Launch* current_launch() {
  return launch_now;
}

std::string thread_name(unsigned thread, uint3 of_block) {
  const uint3 t = thread_index[thread];
  auto name = [](bool flat, const uint3& i) {
    return flat ? fmt::format("{}", i.x) : fmt::format("({},{},{})", i.x, i.y, i.z);
  };
  return fmt::format("thread {} of block {}", name(blockDim.y * blockDim.z == 1, t),
                     name(gridDim.y * gridDim.z == 1, of_block));
}

std::string current_place() {
  return fmt::format("{}, {}", kernel_name(launch_now->kernel),
                     thread_name(block.current, blockIdx));
}

std::string numbers_in_words(const std::vector<unsigned>& numbers) {
  std::string text;
  for (size_t i = 0; i < numbers.size(); ++i) {
    const size_t first = i;
    while (i + 1 < numbers.size() && numbers[i + 1] == numbers[i] + 1) ++i;
    text += fmt::format("{}{}", text.empty() ? "" : ", ", numbers[first]);
    if (i > first) text += fmt::format("-{}", numbers[i]);
  }
  return text;
}

std::string lanes_in_words(unsigned mask) {
  std::vector<unsigned> lanes;
  for (unsigned lane = 0; lane < kWarp; ++lane) {
    if (mask >> lane & 1) lanes.push_back(lane);
  }
  return numbers_in_words(lanes);
}

std::string site_in_words(const Site& site) {
  return fmt::format("{}:{}", short_path(site.file_name()), site.line());
}

void fail(const std::string& message) {
  checker::watch(in_kernel = false);
  failure = fmt::format("{}: {}", current_place(), message);
  go_to(program);
  std::abort();  // an abandoned fibre never gets its turn
}

void let_first_go_on() {
  const unsigned self = block.current;
  const unsigned next = static_cast<unsigned>(next_thread());
  if (next == self) return;
  in_kernel = false;
  Fiber* fiber = block.thread[next].fiber;
  go_to(fiber ? *fiber : idle_fiber());
  in_kernel = true;
  set_current(self);
}

void wait(State state) {
  const unsigned self = block.current;
  block.me().state = state;
  (state == State::at_barrier ? block.my_warp().at_barrier : block.my_warp().in_warp) |=
      1u << block.lane();
  not_ready(self);
  if (next_thread() == kNobody) report_stuck();
  let_first_go_on();
}

void wake(unsigned t) {
  Warp& warp = block.warp[t / kWarp];
  const unsigned bit = 1u << t % kWarp;
  warp.at_barrier &= ~bit;
  warp.in_warp &= ~bit;
  warp.ready |= bit;
  ready_ranks |= 1u << rank_of_warp[t / kWarp];
  block.thread[t].state = State::ready;
}

void run(const Launch& launch) {
  require_launchable(launch);
  note_launch();
  const DeviceOpen open;
  const KernelRun kernel_run(launch);
  const Watchdog watchdog(launch);
  launch_now = &launch;
  failure.clear();
  set_up_launch(launch);
  checker::begin_launch(launch);
  const uint64_t blocks = uint64_t{launch.grid.x} * launch.grid.y * launch.grid.z;
  for (uint64_t i = 0; i < blocks && failure.empty(); ++i) {
    const uint64_t b = order() == Order::reverse ? blocks - 1 - i : i;
    blockIdx = {static_cast<unsigned>(b % launch.grid.x),
                static_cast<unsigned>(b / launch.grid.x % launch.grid.y),
                static_cast<unsigned>(b / launch.grid.x / launch.grid.y)};
    run_block();
  }
  const std::string problem = checker::end_launch();
  if (failure.empty()) failure = problem;
  launch_now = nullptr;
  if (failure.empty()) return;
  fibers_in_use = 0;  // their stacks are taken from the start again
  idle.clear();
  throw Error("simt: " + failure);
}

}  // namespace lanet::simt
