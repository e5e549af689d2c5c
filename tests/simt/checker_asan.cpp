// The build with the address sanitizer: buffers come from its heap, which ends each where the bytes
// end; what a launch may not touch is poisoned while it runs.
#include <sanitizer/asan_interface.h>

#include <cstdlib>
#include <cstring>
#include <vector>

#include "core/error.h"
#include "tests/simt/checker.h"
#include "tests/simt/device.h"
#include "tests/simt/scheduler.h"
#include "tests/simt/symbols.h"

namespace lanet::simt {

namespace {

std::vector<Range> guards;

}  // namespace

namespace checker {

void* allocate(size_t bytes) {
  void* memory = nullptr;
  if (posix_memalign(&memory, 256, bytes) != 0)
    throw Error(fmt::format("out of memory: {} bytes wanted", bytes));
  return memory;
}
void release(void* address, size_t bytes) {
  std::erase_if(guards, [&](const Range& guard) {
    return Range{static_cast<std::byte*>(address), bytes}.holds(guard.begin);
  });
  std::free(address);
}
void open_device(bool) {}
void guard(const void* address, size_t bytes) {
  guards.push_back({static_cast<std::byte*>(const_cast<void*>(address)), bytes});
}

void begin_launch(const Launch& launch) {
  for (const Range& guard : guards) __asan_poison_memory_region(guard.begin, guard.bytes);
  __asan_poison_memory_region(dynamic_shared_begin() + launch.shared_bytes,
                              kMaxSharedBytes - launch.shared_bytes);
}
std::string end_launch() {
  for (const Range& guard : guards) __asan_unpoison_memory_region(guard.begin, guard.bytes);
  __asan_unpoison_memory_region(dynamic_shared_begin(), kMaxSharedBytes);
  return "";
}
void begin_block() {
  std::memset(dynamic_shared_begin(), 0xFF, current_launch()->shared_bytes);
}

}  // namespace checker

}  // namespace lanet::simt
