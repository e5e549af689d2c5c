// What oneDNN does beside convolutions, and what it is.
#include <fmt/format.h>
#include <oneapi/dnnl/dnnl.h>

#include "kernels/cpu_features.h"
#include "kernels/cpu_operations.h"
#include "kernels/gemm.h"

namespace lanet {

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

bool gemm_onednn(const GemmArgs& args) {
  if (args.a.dtype != DType::f32) return false;
  const dnnl_status_t status = dnnl_sgemm(
      args.transpose_a ? 'T' : 'N', args.transpose_b ? 'T' : 'N', args.m, args.n, args.k, 1.0f,
      static_cast<const float*>(args.a.data), args.lda, static_cast<const float*>(args.b.data),
      args.ldb, args.add ? 1.0f : 0.0f, static_cast<float*>(args.c.data), args.ldc);
  LANET_REQUIRE(status == dnnl_success, "dnnl_sgemm returned {}", static_cast<int>(status));
  return true;
}

}  // namespace lanet
