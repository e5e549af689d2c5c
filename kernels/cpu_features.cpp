#include "kernels/cpu_features.h"

#include <fmt/format.h>

#ifdef LANET_HAVE_ONEDNN
#include <oneapi/dnnl/dnnl.h>
#endif

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

#ifdef LANET_HAVE_ONEDNN

bool onednn_has_bf16() {
  const int isa = dnnl_get_effective_cpu_isa();  // a set of bits; heeds ONEDNN_MAX_CPU_ISA
  return (isa & dnnl_cpu_isa_avx512_core) == dnnl_cpu_isa_avx512_core;
}

OnednnInfo onednn_info() {
  OnednnInfo info{.built_in = true};
  info.compiled_version =
      fmt::format("{}.{}.{}", DNNL_VERSION_MAJOR, DNNL_VERSION_MINOR, DNNL_VERSION_PATCH);
  const dnnl_version_t* version = dnnl_version();
  info.runtime_version = fmt::format("{}.{}.{}", version->major, version->minor, version->patch);
  struct Name {
    dnnl_cpu_isa_t isa;
    const char* name;
  };
  for (const Name& known : {Name{dnnl_cpu_isa_sse41, "SSE41"},
                            {dnnl_cpu_isa_avx, "AVX"},
                            {dnnl_cpu_isa_avx2, "AVX2"},
                            {dnnl_cpu_isa_avx2_vnni, "AVX2_VNNI"},
                            {dnnl_cpu_isa_avx512_core, "AVX512_CORE"},
                            {dnnl_cpu_isa_avx512_core_vnni, "AVX512_CORE_VNNI"},
                            {dnnl_cpu_isa_avx512_core_bf16, "AVX512_CORE_BF16"},
                            {dnnl_cpu_isa_avx512_core_amx, "AVX512_CORE_AMX"}}) {
    if ((dnnl_get_effective_cpu_isa() & known.isa) == known.isa) info.isa = known.name;
  }
  return info;
}

#else

bool onednn_has_bf16() {
  return false;
}

OnednnInfo onednn_info() {
  return {};
}

#endif

}  // namespace lanet
