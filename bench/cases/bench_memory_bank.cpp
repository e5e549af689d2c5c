#include "bench/bench.h"
#include "kernels/memory_bank_cases.h"

namespace lanet::bench {

static const Registration memory_bank_bench{
    {.axes = {"batch", "rows", "width"},
     .sizes = bench_sizes(kMemoryBankCases,
                          [](const MemoryBankCase& c) {
                            return std::vector<int64_t>{c.batch, c.rows, c.width};
                          }),
     .dtypes = {DType::f32, DType::bf16},
     .run = [](Context& context, const Sizes& s, DType dtype, const Measure& measure) {
       const MemoryBankTensors t({s[0], s[1], s[2]}, dtype, dtype, 0, context);
       measure([&] { memory_bank_enqueue(context, t.args()); });
     }}};

}  // namespace lanet::bench
