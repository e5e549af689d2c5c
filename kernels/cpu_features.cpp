#include "kernels/cpu_features.h"

#include <cpuid.h>

namespace lanet {

bool cpu_has_avx2() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

bool cpu_has_avx512() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

bool cpu_has_avx512_bf16() {
  return __builtin_cpu_supports("avx512bf16");
}

bool cpu_has_amx_bf16() {
  // clang 14's __builtin_cpu_supports() does not know this feature.
  constexpr unsigned kExtendedFeatures = 7, kAmxBf16 = 1u << 22;
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid_count(kExtendedFeatures, 0, &eax, &ebx, &ecx, &edx) && (edx & kAmxBf16);
}

}  // namespace lanet
