// The build at full speed: what is wrong shows as a wrong result. Shared memory holds NaN when a
// block begins. Device memory is closed to the host, who can read it here, but on no device.
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "core/error.h"
#include "tests/simt/checker.h"
#include "tests/simt/device.h"
#include "tests/simt/scheduler.h"
#include "tests/simt/symbols.h"

namespace lanet::simt {

namespace {

constexpr size_t kArenaBytes = size_t{8} << 30;  // address space: what is not used takes no memory

std::byte* arena() {
  static std::byte* const begin = [] {
    void* memory =
        mmap(nullptr, kArenaBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw Error(fmt::format("no {} bytes of address space", kArenaBytes));
    madvise(memory, kArenaBytes, MADV_HUGEPAGE);
    return static_cast<std::byte*>(memory);
  }();
  return begin;
}
size_t used = 0;  // of the arena; from its start again when no buffer is left

void on_fault(int signal, siginfo_t* info, void*) {
  const auto* address = static_cast<const std::byte*>(info->si_addr);
  if (address >= arena() && address < arena() + kArenaBytes) {
    constexpr char kMessage[] = "found: the host touches device memory\n";
    (void)!write(STDOUT_FILENO, kMessage, sizeof kMessage - 1);
    _exit(1);
  }
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  sigaction(signal, &standard, nullptr);  // back to the instruction, which faults again
}

}  // namespace

namespace checker {

void* allocate(size_t bytes) {
  if (device_buffers().empty()) used = 0;
  const size_t begin = used;
  used = (begin + bytes + 255) / 256 * 256;
  if (used > kArenaBytes) throw Error("the harness's device memory is full");
  return arena() + begin;
}
void release(void*, size_t) {}
void open_device(bool open) {
  if (open) {
    if (mprotect(arena(), kArenaBytes, PROT_READ | PROT_WRITE) != 0)
      throw Error("device memory cannot be opened");
    return;
  }
  struct sigaction fault {};
  fault.sa_sigaction = on_fault;
  fault.sa_flags = SA_SIGINFO;
  sigaction(SIGSEGV, &fault, nullptr);
  if (mprotect(arena(), kArenaBytes, PROT_NONE) != 0) throw Error("device memory cannot be closed");
}
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

}  // namespace checker

}  // namespace lanet::simt
