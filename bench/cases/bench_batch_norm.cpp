#include "bench/bench.h"
#include "kernels/batch_norm/batch_norm_cases.h"

namespace lanet::bench {

static const Registration batch_norm_bench{
    {.axes = {"rows", "channels"},
     .sizes = bench_sizes(kBatchNormCases,
                          [](const BatchNormCase& c) {
                            return std::vector<int64_t>{c.rows, c.channels};
                          }),
     .dtypes = {DType::f32, DType::bf16},
     .images = true,
     .run = [](Context& context, const Sizes& s, DType dtype, const Measure& measure) {
       const BatchNormTensors t({s[0], s[1]}, dtype, {.added = BatchNormAdded::nothing}, 1,
                                context);
       context.reserve_workspace(batch_norm_workspace_bytes(t.y.shape()));
       measure([&] { batch_norm_statistics(context, t.first.statistics()); });
       measure([&] { batch_norm_apply(context, t.apply()); });
       measure([&] { batch_norm_backward_reduce(context, t.reduce()); });
       measure([&] { batch_norm_backward_apply(context, t.backward_apply()); });
     }}};

}  // namespace lanet::bench
