#include "kernels/cpu_features.h"

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
  return __builtin_cpu_supports("amx-bf16");
}

}  // namespace lanet
