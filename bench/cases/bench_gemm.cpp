#include "bench/bench.h"
#include "kernels/gemm.h"
#include "kernels/gemm_cases.h"

namespace lanet::bench {

static const Registration gemm_bench{
    {.axes = {"m", "n", "k"},
     .sizes = bench_sizes(kGemmCases,
                          [](const GemmCase& c) {
                            return std::vector<int64_t>{c.m, c.n, c.k};
                          }),
     .run = [](Context& context, const Sizes& s, DType, const Measure& measure) {
       const int64_t m = s[0], n = s[1], k = s[2];
       OwnedTensor a(context, {m, k}, DType::f32, numbers), b(context, {n, k}, DType::f32, numbers),
           c(context, {m, n}, DType::f32);
       measure([&] {
         gemm(context, {.m = m,
                        .n = n,
                        .k = k,
                        .a = a,
                        .lda = k,
                        .b = b,
                        .ldb = k,
                        .transpose_b = true,
                        .c = c,
                        .ldc = n});
       });
     }}};

}  // namespace lanet::bench
