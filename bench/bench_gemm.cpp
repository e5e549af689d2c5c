#include "bench/bench.h"
#include "kernels/gemm.h"
#include "kernels/gemm_cases.h"

namespace lanet::bench {

static Benchmark gemm_bench{
    "gemm", [](Context& context) {
      for (const auto& s : kGemmCases) {
        if (!s.bench) continue;
        BenchTensor a(context, {s.m, s.k}, DType::f32), b(context, {s.n, s.k}, DType::f32);
        BenchTensor c(context, {s.m, s.n}, DType::f32);
        report(context, {fmt::format("gemm {}x{}x{}", s.m, s.n, s.k),
                         4.0 * (s.m * s.k + s.n * s.k + s.m * s.n), 2.0 * s.m * s.n * s.k, [&] {
                           gemm(context, {.m = s.m,
                                          .n = s.n,
                                          .k = s.k,
                                          .a = a,
                                          .lda = s.k,
                                          .b = b,
                                          .ldb = s.k,
                                          .transpose_b = true,
                                          .c = c,
                                          .ldc = s.n});
                         }});
      }
    }};

}  // namespace lanet::bench
