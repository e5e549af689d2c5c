// The build in which every load and store of a kernel comes here (hooks.cpp): races, what nobody
// wrote, bounds.
#include <sys/mman.h>

#include <cstring>
#include <vector>

#include "core/error.h"
#include "tests/simt/checker.h"
#include "tests/simt/device.h"
#include "tests/simt/hooks.h"
#include "tests/simt/shadow.h"

namespace lanet::simt {

namespace {

constexpr size_t kArenaBytes = size_t{256} << 20;
constexpr size_t kGap = 4096;  // between buffers: a stray access meets nobody else's

// What is known of a byte of device memory.
constexpr uint8_t kAllocated = 1, kWritten = 2, kGuarded = 4;

void* reserve(size_t bytes) {
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw Error(fmt::format("no {} bytes of address space", bytes));
  return memory;
}

bool watching = false;

struct Checker {
  Clock clock;
  Range arena{static_cast<std::byte*>(reserve(kArenaBytes)), kArenaBytes};
  uint8_t* states = static_cast<uint8_t*>(reserve(kArenaBytes));
  size_t used = 0;  // of the arena; from its start again when no buffer is left
  Shadow global{clock, arena, false};
  Shadow variables{clock, thread_local_range(), true};
  Shadow dynamic{clock, {dynamic_shared_begin(), kMaxSharedBytes}, true};
  std::vector<uint16_t> owners;  // the shared variable of each byte, from 1; 0: none
  std::vector<bool> touched;     // shared variables, in this launch

  Checker() : owners(thread_local_range().bytes), touched(shared_variables().size()) {
    for (size_t i = 0; i < shared_variables().size(); ++i) {
      const SharedVariable& variable = shared_variables()[i];
      std::fill_n(
          owners.begin() + static_cast<ptrdiff_t>(variables.range().offset_of(variable.begin)),
          variable.bytes, static_cast<uint16_t>(i + 1));
    }
  }
};
Checker& checker_state() {
  static Checker state;
  return state;
}

/// One access on its way through the checks.
struct Attempt {
  const std::byte* address;
  size_t bytes;
  Kind kind;
  const void* code;

  [[noreturn]] void refuse(const std::string& why) const {
    fail(fmt::format("{}; {} {} bytes at {}", why,
                     kind == Kind::read    ? "it reads"
                     : kind == Kind::write ? "it writes"
                                           : "it atomically updates",
                     bytes, source_line(code)));
  }
};

uint32_t code_offset(const void* code) {
  return static_cast<uint32_t>(program_range().offset_of(code));
}

template <typename Place>
void require_order(Shadow& shadow, const Attempt& attempt, Place&& place) {
  Access other;
  if (shadow.in_order(attempt.address, attempt.bytes, attempt.kind, code_offset(attempt.code),
                      &other))
    return;
  const bool same_warp = other.interval == checker_state().clock.now() &&
                         other.thread / kWarp == block.current / kWarp;
  attempt.refuse(fmt::format("race on {}: {} touched it at {}, and {}", place(),
                             checker_state().clock.thread_at(other.interval, other.thread),
                             source_line(program_range().begin + other.code),
                             other.interval < checker_state().clock.block_first()
                                 ? "nothing orders blocks"
                             : same_warp ? "no __syncwarp is between them"
                                         : "no barrier is between them"));
}

void check_global(const Attempt& attempt) {
  Checker& state = checker_state();
  uint8_t* known = state.states + state.arena.offset_of(attempt.address);
  for (size_t i = 0; i < attempt.bytes; ++i) {
    if ((known[i] & (kAllocated | kGuarded)) != kAllocated) {
      attempt.refuse(fmt::format("out of bounds: {}{}", nearest_buffer(attempt.address + i),
                                 known[i] & kGuarded ? ", outside of its tensor" : ""));
    }
    if (attempt.kind != Kind::write && !(known[i] & kWritten)) {
      attempt.refuse("uninitialised: nobody wrote what lies " +
                     nearest_buffer(attempt.address + i));
    }
    if (attempt.kind != Kind::read) known[i] |= kWritten;
  }
  require_order(state.global, attempt, [&] { return "memory " + nearest_buffer(attempt.address); });
}

template <typename Place>
void check_shared(Shadow& shadow, const Attempt& attempt, Place&& place) {
  if (attempt.kind != Kind::write && !shadow.written(attempt.address, attempt.bytes)) {
    attempt.refuse("uninitialised: nobody in this block wrote " + place());
  }
  require_order(shadow, attempt, place);
}

void check_variable(const Attempt& attempt) {
  Checker& state = checker_state();
  const size_t offset = state.variables.range().offset_of(attempt.address);
  const uint16_t owner = state.owners[offset];
  const size_t last = offset + attempt.bytes - 1;
  if (owner == 0 || last >= state.owners.size() || state.owners[last] != owner) {
    attempt.refuse("out of bounds: shared memory outside of every __shared__ variable");
  }
  state.touched[owner - 1] = true;
  check_shared(state.variables, attempt, [&] {
    const SharedVariable& variable = shared_variables()[owner - 1];
    return fmt::format("__shared__ {}, byte {} of {}", variable.name,
                       attempt.address - variable.begin, variable.bytes);
  });
}

void check_dynamic(const Attempt& attempt) {
  Checker& state = checker_state();
  const size_t offset = state.dynamic.range().offset_of(attempt.address);
  const size_t size = current_launch()->shared_bytes;
  auto place = [&] { return fmt::format("dynamic shared memory, byte {} of {}", offset, size); };
  if (offset + attempt.bytes > size) {
    attempt.refuse("out of bounds: " + place());
  }
  check_shared(state.dynamic, attempt, place);
}

/// Parameters, and what lies in the program: constants and threadIdx.
bool may_read(const std::byte* address) {
  const Launch& launch = *current_launch();
  const auto* parameters = static_cast<const std::byte*>(launch.parameters);
  const auto* call = static_cast<const std::byte*>(launch.call);
  return (address >= parameters && address < parameters + launch.parameter_bytes) ||
         (address >= call && address < call + 2 * sizeof(void*)) || program_range().holds(address);
}

void check(const Attempt& attempt) {
  Checker& state = checker_state();
  const bool global = state.arena.holds(attempt.address);
  const bool variable = state.variables.range().holds(attempt.address);
  const bool dynamic = state.dynamic.range().holds(attempt.address);
  if (!global && !variable && !dynamic) {
    if (attempt.kind == Kind::read && may_read(attempt.address)) return;
    attempt.refuse("out of bounds: no device memory, " + nearest_buffer(attempt.address));
  }
  if (global)
    check_global(attempt);
  else if (variable)
    check_variable(attempt);
  else
    check_dynamic(attempt);
}

}  // namespace

void hook(const void* address, size_t bytes, bool write, const void* code) {
  if (!watching || on_fiber_stack(address)) return;
  const HarnessCode harness;
  check({static_cast<const std::byte*>(address), bytes, write ? Kind::write : Kind::read, code});
}

uint64_t atomic_begin(const void* address, size_t bytes) {
  const HarnessCode harness;
  if (!on_fiber_stack(address))
    check(
        {static_cast<const std::byte*>(address), bytes, Kind::atomic, __builtin_return_address(0)});
  uint64_t value = 0;
  std::memcpy(&value, address, bytes);
  return value;
}
void atomic_end(void* address, size_t bytes, uint64_t value) {
  std::memcpy(address, &value, bytes);
}

namespace checker {

void* allocate(size_t bytes) {
  Checker& state = checker_state();
  if (device_buffers().empty()) state.used = 0;
  const size_t begin = state.used;
  state.used = (begin + bytes + kGap + 255) / 256 * 256;
  if (state.used > kArenaBytes) throw Error("the harness's device memory is full");
  std::memset(state.states + begin, kAllocated, bytes);
  return state.arena.begin + begin;
}
void release(void* address, size_t bytes) {
  std::memset(checker_state().states + checker_state().arena.offset_of(address), 0, bytes);
}

void open_device(bool) {}
void host_wrote(const void* address, size_t bytes) {
  Checker& state = checker_state();
  if (!state.arena.holds(address)) return;
  uint8_t* known = state.states + state.arena.offset_of(address);
  for (size_t i = 0; i < bytes; ++i) known[i] |= kWritten;
}
void guard(const void* address, size_t bytes) {
  uint8_t* known = checker_state().states + checker_state().arena.offset_of(address);
  for (size_t i = 0; i < bytes; ++i) known[i] |= kGuarded;
}

void begin_launch(const Launch&) {
  Checker& state = checker_state();
  state.clock.begin_launch();
  state.touched.assign(state.touched.size(), false);
}
std::string end_launch() {
  const Checker& state = checker_state();
  size_t bytes = 0;
  for (size_t i = 0; i < state.touched.size(); ++i) {
    if (state.touched[i]) bytes += shared_variables()[i].bytes;
  }
  const std::string problem = shared_problem(bytes, current_launch()->shared_bytes);
  return problem.empty()
             ? ""
             : kernel_name(current_launch()->kernel) + " cannot be launched: " + problem;
}
void begin_block() {
  checker_state().clock.begin_block();
}
void watch(bool on) {
  watching = on;
}
void block_met() {
  checker_state().clock.block_met();
}
void warp_met(unsigned warp, unsigned mask) {
  checker_state().clock.warp_met(warp, mask);
}

}  // namespace checker

}  // namespace lanet::simt
