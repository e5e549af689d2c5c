#include "bench/bench.h"
#include "kernels/augment_cases.h"

namespace lanet::bench {

static const Registration augment_bench{
    {.axes = {"samples", "batch", "side", "channels"},
     .sizes =
         bench_sizes(kAugmentCases,
                     [](const AugmentCase& c) {
                       return std::vector<int64_t>{c.samples, c.batch, c.image_size, c.channels};
                     }),
     .dtypes = {DType::f32, DType::bf16},
     .run = [](Context& context, const Sizes& s, DType dtype, const Measure& measure) {
       AugmentTensors t({s[0], s[1], s[2], /*landmarks=*/19, s[3]}, dtype, context);
       // Each picture once, as in an epoch.
       t.indices = OwnedTensor(context, {s[1]}, DType::i32, [&](int64_t b) { return b % s[0]; });
       context.reserve_workspace(t.workspace_bytes(context));
       measure([&] { augment(context, t.augmentation()); });
       measure([&] { normalize(context, t.normalization()); });
     }}};

}  // namespace lanet::bench
