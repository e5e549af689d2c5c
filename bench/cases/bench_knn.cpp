#include "bench/bench.h"
#include "kernels/knn.h"
#include "kernels/knn_cases.h"

namespace lanet::bench {

static const Registration knn_bench{
    {.axes = {"n", "d", "k"},
     .sizes = bench_sizes(kKnnCases,
                          [](const KnnCase& c) {
                            return std::vector<int64_t>{c.n, c.d, c.k};
                          }),
     .dtypes = {DType::f32, DType::bf16},
     .run = [](Context& context, const Sizes& s, DType dtype, const Measure& measure) {
       context.reserve_workspace(knn_workspace_bytes(s[0], s[1], dtype));
       OwnedTensor features(context, {s[0], s[1]}, dtype, numbers),
           indices(context, {s[0], s[2]}, DType::i32);
       measure([&] { knn(context, {.features = features, .indices = indices, .k = s[2]}); });
     }}};

}  // namespace lanet::bench
