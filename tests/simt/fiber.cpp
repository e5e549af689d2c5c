#include "tests/simt/fiber.h"

#include <sys/mman.h>
#include <unistd.h>

#include <boost/context/detail/fcontext.hpp>

#include "core/error.h"

// The address sanitizer follows stacks only if it is told of every switch. Null in other builds.
extern "C" {
[[gnu::weak]] void __sanitizer_start_switch_fiber(void** fake_stack_save, const void* bottom,
                                                  size_t size);
[[gnu::weak]] void __sanitizer_finish_switch_fiber(void* fake_stack_save, const void** bottom_old,
                                                   size_t* size_old);
[[gnu::weak]] void __asan_unpoison_memory_region(const volatile void* address, size_t size);
}

namespace lanet::simt {

namespace {

namespace context = boost::context::detail;

constexpr size_t kGuardBytes = 4096;
constexpr size_t kSlotBytes = kGuardBytes + kStackBytes;

std::byte* stacks() {
  static std::byte* const begin = [] {
    void* memory = mmap(nullptr, kMaxFibers * kSlotBytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw Error("no memory for the stacks of the harness");
    return static_cast<std::byte*>(memory);
  }();
  return begin;
}

Fiber* left = nullptr;  // the fibre that switched last

/// The first lines on a fibre after a switch: keeps where the one that was left goes on.
void arrive(context::transfer_t transfer, void* fake_stack) {
  const void* bottom;
  size_t size;
  if (__sanitizer_finish_switch_fiber) {
    __sanitizer_finish_switch_fiber(fake_stack, &bottom, &size);
    if (!left->stack) {  // the program's own stack, met for the first time
      left->stack = static_cast<std::byte*>(const_cast<void*>(bottom));
      left->stack_bytes = size;
    }
  }
  left->context = transfer.fctx;
}

void start_fiber(context::transfer_t transfer) {
  arrive(transfer, nullptr);
  reinterpret_cast<void (*)()>(transfer.data)();
}

}  // namespace

void prepare_fiber(Fiber& fiber, size_t index, void (*entry)()) {
  std::byte* slot = stacks() + index * kSlotBytes;
  if (!fiber.stack) {
    mprotect(slot, kGuardBytes, PROT_NONE);
    fiber.stack = slot + kGuardBytes;
    // Tops at different places of their pages: else all of them share a few lines of the cache.
    fiber.stack_bytes = kStackBytes - index % 32 * 128;
  }
  if (__asan_unpoison_memory_region) __asan_unpoison_memory_region(fiber.stack, fiber.stack_bytes);
  fiber.context =
      context::make_fcontext(fiber.stack + fiber.stack_bytes, fiber.stack_bytes, &start_fiber);
  fiber.entry = entry;
}

void switch_fiber(Fiber& from, Fiber& to) {
  left = &from;
  if (__sanitizer_start_switch_fiber)
    __sanitizer_start_switch_fiber(&from.fake_stack, to.stack, to.stack_bytes);
  const context::transfer_t transfer =
      context::jump_fcontext(to.context, reinterpret_cast<void*>(to.entry));
  arrive(transfer, from.fake_stack);
}

bool on_fiber_stack(const void* address) {
  const auto offset = static_cast<const std::byte*>(address) - stacks();
  return offset >= 0 && static_cast<size_t>(offset) < kMaxFibers * kSlotBytes;
}

}  // namespace lanet::simt
