// Fibres: stacks that take turns on one thread of the machine.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lanet::simt {

/// All stacks lie in one range, each above a page that nothing may touch.
constexpr size_t kStackBytes = 256 * 1024;
constexpr size_t kMaxFibers = 1024;

struct Fiber {
  void* context = nullptr;  // where it goes on
  std::byte* stack = nullptr;
  size_t stack_bytes = 0;
  void* fake_stack = nullptr;  // the address sanitizer's
  void (*entry)() = nullptr;
};

/// A fibre that runs entry() from its start when it is switched to. entry() never returns.
/// `index` picks its stack; what ran there before is forgotten.
void prepare_fiber(Fiber& fiber, size_t index, void (*entry)());

/// Goes on with `to`, whose turn ends when it switches elsewhere; returns when the calling fibre is
/// switched to. `from` is the calling fibre.
void switch_fiber(Fiber& from, Fiber& to);

/// True for an address within the stacks.
bool on_fiber_stack(const void* address);

}  // namespace lanet::simt
