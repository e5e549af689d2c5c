// The functions that g++ -fsanitize=thread calls at each load and store. Its own library, libtsan,
// is not linked: these are ours.
#include "tests/simt/hooks.h"

#include <cstdint>

using lanet::simt::hook;

#define LANET_SIMT_HOOKS(bytes)                               \
  void __tsan_read##bytes(const void* address) {              \
    hook(address, bytes, false, __builtin_return_address(0)); \
  }                                                           \
  void __tsan_write##bytes(void* address) {                   \
    hook(address, bytes, true, __builtin_return_address(0));  \
  }                                                           \
  void __tsan_unaligned_read##bytes(const void* address) {    \
    hook(address, bytes, false, __builtin_return_address(0)); \
  }                                                           \
  void __tsan_unaligned_write##bytes(void* address) {         \
    hook(address, bytes, true, __builtin_return_address(0));  \
  }

// Atomic operations of host code in kernel files, as of shared pointers. Kernels use atomicAdd and
// its kind, which go another way.
#define LANET_SIMT_ATOMICS(bits, type)                                                      \
  type __tsan_atomic##bits##_load(const volatile type* address, int) {                      \
    return __atomic_load_n(address, __ATOMIC_SEQ_CST);                                      \
  }                                                                                         \
  void __tsan_atomic##bits##_store(volatile type* address, type value, int) {               \
    __atomic_store_n(address, value, __ATOMIC_SEQ_CST);                                     \
  }                                                                                         \
  type __tsan_atomic##bits##_exchange(volatile type* address, type value, int) {            \
    return __atomic_exchange_n(address, value, __ATOMIC_SEQ_CST);                           \
  }                                                                                         \
  type __tsan_atomic##bits##_fetch_add(volatile type* address, type value, int) {           \
    return __atomic_fetch_add(address, value, __ATOMIC_SEQ_CST);                            \
  }                                                                                         \
  type __tsan_atomic##bits##_fetch_sub(volatile type* address, type value, int) {           \
    return __atomic_fetch_sub(address, value, __ATOMIC_SEQ_CST);                            \
  }                                                                                         \
  int __tsan_atomic##bits##_compare_exchange_strong(volatile type* address, type* expected, \
                                                    type value, int, int) {                 \
    return __atomic_compare_exchange_n(address, expected, value, false, __ATOMIC_SEQ_CST,   \
                                       __ATOMIC_SEQ_CST);                                   \
  }

extern "C" {

LANET_SIMT_HOOKS(1)
LANET_SIMT_HOOKS(2)
LANET_SIMT_HOOKS(4)
LANET_SIMT_HOOKS(8)
LANET_SIMT_HOOKS(16)

void __tsan_read_range(const void* address, unsigned long bytes) {
  hook(address, bytes, false, __builtin_return_address(0));
}
void __tsan_write_range(void* address, unsigned long bytes) {
  hook(address, bytes, true, __builtin_return_address(0));
}

LANET_SIMT_ATOMICS(8, uint8_t)
LANET_SIMT_ATOMICS(16, uint16_t)
LANET_SIMT_ATOMICS(32, uint32_t)
LANET_SIMT_ATOMICS(64, uint64_t)

void __tsan_init() {}
void __tsan_func_entry(const void*) {}
void __tsan_func_exit() {}
void __tsan_vptr_update(void**, void*) {}
void __tsan_vptr_read(void**) {}

}  // extern "C"
