// Preloaded, it takes reads and writes of files in pieces and interrupts some, as a system may.
#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

namespace {

constexpr size_t kLongest = 10'000;

/// How many bytes this call moves; 0: it is interrupted.
size_t piece(size_t bytes) {
  static thread_local unsigned seed = 1;
  const auto dice = static_cast<unsigned>(rand_r(&seed));
  if (dice % 100 == 0) return 0;
  return bytes < 2 ? bytes : std::min(bytes, 1 + dice % kLongest);
}

template <typename Function>
Function* real(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

template <typename Call>
ssize_t in_pieces(size_t bytes, const Call& call) {
  const size_t now = piece(bytes);
  if (now > 0 || bytes == 0) return call(now);
  errno = EINTR;
  return -1;
}

}  // namespace

extern "C" {

ssize_t write(int descriptor, const void* from, size_t bytes) {
  static auto* const next = real<decltype(write)>("write");
  return in_pieces(bytes, [&](size_t now) { return next(descriptor, from, now); });
}

ssize_t read(int descriptor, void* to, size_t bytes) {
  static auto* const next = real<decltype(read)>("read");
  return in_pieces(bytes, [&](size_t now) { return next(descriptor, to, now); });
}

ssize_t pwrite(int descriptor, const void* from, size_t bytes, off_t place) {
  static auto* const next = real<decltype(pwrite)>("pwrite");
  return in_pieces(bytes, [&](size_t now) { return next(descriptor, from, now, place); });
}

ssize_t pread(int descriptor, void* to, size_t bytes, off_t place) {
  static auto* const next = real<decltype(pread)>("pread");
  return in_pieces(bytes, [&](size_t now) { return next(descriptor, to, now, place); });
}
}
