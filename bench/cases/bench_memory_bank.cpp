#include "bench/bench.h"
#include "kernels/memory_bank.h"
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
       OwnedTensor keys(context, {s[0], s[2]}, dtype, numbers),
           labels(context, {s[0]}, DType::i32, numbers);
       OwnedTensor expression(context, {s[1], s[2]}, dtype, numbers),
           landmark(context, {s[1], s[2]}, dtype, numbers);
       OwnedTensor bank_labels(context, {s[1]}, DType::i32, numbers),
           pointer(context, {1}, DType::i32, numbers);
       measure([&] {
         memory_bank_enqueue(context, {.keys_expression = keys,
                                       .keys_landmark = keys,
                                       .labels = labels,
                                       .bank_expression = expression,
                                       .bank_landmark = landmark,
                                       .bank_labels = bank_labels,
                                       .pointer = pointer});
       });
     }}};

}  // namespace lanet::bench
