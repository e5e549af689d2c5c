// The build at full speed: what is wrong shows as a wrong result. Shared memory holds NaN when a
// block begins.
#include <cstdlib>
#include <cstring>

#include "core/error.h"
#include "tests/simt/checker.h"
#include "tests/simt/device.h"
#include "tests/simt/scheduler.h"
#include "tests/simt/symbols.h"

namespace lanet::simt {

namespace checker {

void* allocate(size_t bytes) {
  void* memory = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
  if (!memory) throw Error(fmt::format("out of memory: {} bytes wanted", bytes));
  return memory;
}
void release(void* address, size_t) {
  std::free(address);
}
void host_wrote(const void*, size_t) {}
void guard(const void*, size_t) {}

void begin_launch(const Launch&) {}
std::string end_launch() {
  return "";
}
void begin_block() {
  for (const SharedVariable& variable : shared_variables())
    std::memset(variable.begin, 0xFF, variable.bytes);
  std::memset(dynamic_shared_begin(), 0xFF, current_launch()->shared_bytes);
}
void watch(bool) {}
void block_met() {}
void warp_met(unsigned, unsigned) {}

}  // namespace checker

uint64_t atomic_begin(const void* address, size_t bytes) {
  uint64_t value = 0;
  std::memcpy(&value, address, bytes);
  return value;
}
void atomic_end(void* address, size_t bytes, uint64_t value) {
  std::memcpy(address, &value, bytes);
}

}  // namespace lanet::simt
