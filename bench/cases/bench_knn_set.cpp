// knn_set, and beside it the matrix products that it takes, block after block and nothing else.
#include "bench/bench.h"
#include "core/operation.h"
#include "kernels/knn_set_cases.h"
#include "kernels/matrix_product.h"

namespace lanet::bench {

namespace {

/// Each block of products is written over the one before: on the CPU it stays in the cache.
void products_only(Context& context, const OwnedTensor& queries, const OwnedTensor& set,
                   int orientations, const OwnedTensor& block) {
  const int64_t q = queries.shape()[0], n = set.shape()[0];
  const int64_t d = set.shape()[1];
  const int64_t block_queries = block.shape()[0], block_rows = block.shape()[1];
  const double rows = static_cast<double>(orientations * q + n);
  const double pairs = orientations * static_cast<double>(q) * static_cast<double>(n);
  const Operation operation(context, "knn_set_products_only",
                            {.launches = 0,  // that depends on the blocks
                             .bytes = 4 * rows * static_cast<double>(d),
                             .flops = 2 * pairs * static_cast<double>(d),
                             .product = DType::f32});
  if (!operation.runs()) return;
  for (int o = 0; o < orientations; ++o) {  // the mirror image is as much work
    for (int64_t i = 0; i < q; i += block_queries) {
      for (int64_t j = 0; j < n; j += block_rows) {
        matrix_product<float>(context, std::min(block_queries, q - i), std::min(block_rows, n - j),
                              d, {queries.tensor().as<float>() + i * d, d},
                              {set.tensor().as<float>() + j * d, d, true},
                              block.tensor().as<float>(), block_rows);
      }
    }
  }
}

const Registration knn_set_bench{
    {.axes = {"queries", "n", "d", "k", "orientations"},
     .sizes = bench_sizes(kKnnSetCases,
                          [](const KnnSetCase& c) {
                            return std::vector<int64_t>{c.queries, c.n, c.d, c.k, c.orientations};
                          }),
     .run = [](Context& context, const Sizes& s, DType dtype, const Measure& measure) {
       const int orientations = static_cast<int>(s[4]);
       const KnnSetTensors t({s[0], s[1], s[2], s[3], orientations}, dtype, context);
       context.reserve_workspace(t.workspace_bytes(context));
       const bool on_cpu = context.device() == Device::cpu;
       const OwnedTensor block(context, {on_cpu ? 256 : 8192, on_cpu ? 2048 : 16384}, dtype);
       measure([&] { knn_set(context, t.args()); });
       measure([&] { products_only(context, t.queries, t.set, orientations, block); });
     }}};

}  // namespace

}  // namespace lanet::bench
