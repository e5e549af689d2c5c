#include "bench/bench.h"
#include "kernels/batch_norm/batch_norm_pool_cases.h"

namespace lanet::bench {

static const Registration batch_norm_pool_bench{
    {.axes = {"batch", "height", "width", "channels"},
     .sizes = bench_sizes(kBatchNormPoolCases,
                          [](const BatchNormPoolCase& c) {
                            return std::vector<int64_t>{c.batch, c.height, c.width, c.channels};
                          }),
     .dtypes = {DType::f32, DType::bf16},
     .images = true,
     .run = [](Context& context, const Sizes& s, DType dtype, const Measure& measure) {
       const BatchNormPoolTensors t({s[0], s[1], s[2], s[3]}, dtype, false, false, context);
       context.reserve_workspace(batch_norm_max_pool_workspace_bytes(t.x.shape()));
       measure([&] { batch_norm_max_pool(context, t.forward()); });
       measure([&] { batch_norm_max_pool_backward_reduce(context, t.reduce()); });
       measure([&] { batch_norm_max_pool_backward_apply(context, t.backward_apply()); });
     }}};

}  // namespace lanet::bench
