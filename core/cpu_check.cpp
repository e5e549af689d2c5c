#include "core/cpu_check.h"

#include <string.h>
#include <unistd.h>

namespace lanet {

namespace {

// What stands here must run on any x86-64 processor, whatever the file is compiled for: target()
// says so to the compiler, and no library code is inlined.
#define LANET_ANY_CPU __attribute__((target("arch=x86-64"), noinline))

LANET_ANY_CPU void put(const char* text) {
  (void)!write(STDERR_FILENO, text, strlen(text));
}

LANET_ANY_CPU void require(bool supported, const char* name) {
  if (supported) return;
  put("lanet-cuda: compiled for a processor with ");
  put(name);
  put(" (" LANET_CPU_ARCH "), which this one lacks; build it on this machine, or with ");
  put("-DLANET_CPU_ARCH=x86-64-v3\n");
  _exit(1);
}

/// Priority 101, the first that is free: before any constructor of a C++ object.
__attribute__((target("arch=x86-64"), noinline, constructor(101))) void check() {
  __builtin_cpu_init();
#define LANET_REQUIRE_CPU(name) require(__builtin_cpu_supports(name), name)
#ifdef __SSE4_2__
  LANET_REQUIRE_CPU("sse4.2");
#endif
#ifdef __AVX2__
  LANET_REQUIRE_CPU("avx2");
#endif
#ifdef __FMA__
  LANET_REQUIRE_CPU("fma");
#endif
#ifdef __BMI2__
  LANET_REQUIRE_CPU("bmi2");
#endif
#ifdef __AVX512F__
  LANET_REQUIRE_CPU("avx512f");
#endif
#ifdef __AVX512BW__
  LANET_REQUIRE_CPU("avx512bw");
#endif
#ifdef __AVX512DQ__
  LANET_REQUIRE_CPU("avx512dq");
#endif
#ifdef __AVX512VL__
  LANET_REQUIRE_CPU("avx512vl");
#endif
#ifdef __AVX512IFMA__
  LANET_REQUIRE_CPU("avx512ifma");
#endif
#ifdef __AVX512VBMI__
  LANET_REQUIRE_CPU("avx512vbmi");
#endif
#ifdef __AVX512VBMI2__
  LANET_REQUIRE_CPU("avx512vbmi2");
#endif
#ifdef __AVX512VNNI__
  LANET_REQUIRE_CPU("avx512vnni");
#endif
#ifdef __AVX512BITALG__
  LANET_REQUIRE_CPU("avx512bitalg");
#endif
#ifdef __AVX512VPOPCNTDQ__
  LANET_REQUIRE_CPU("avx512vpopcntdq");
#endif
#ifdef __AVX512BF16__
  LANET_REQUIRE_CPU("avx512bf16");
#endif
#ifdef __AVX512VP2INTERSECT__
  LANET_REQUIRE_CPU("avx512vp2intersect");
#endif
}

}  // namespace

void check_compiled_cpu() {
  check();
}

}  // namespace lanet
