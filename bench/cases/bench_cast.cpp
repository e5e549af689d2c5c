#include "bench/bench.h"
#include "kernels/cast.h"
#include "kernels/cast_cases.h"

namespace lanet::bench {

// From this dtype to the other.
static const Registration cast_bench{
    {.axes = {"elements"},
     .sizes = bench_sizes(kCastCases,
                          [](const CastCase& c) { return std::vector<int64_t>{c.elements}; }),
     .dtypes = {DType::f32, DType::bf16},
     .run = [](Context& context, const Sizes& s, DType dtype, const Measure& measure) {
       const DType other = dtype == DType::f32 ? DType::bf16 : DType::f32;
       OwnedTensor from(context, {s[0]}, dtype, numbers), to(context, {s[0]}, other);
       measure([&] { cast(context, {.from = from, .to = to}); });
     }}};

}  // namespace lanet::bench
