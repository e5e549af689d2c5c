#include "bench/bench.h"
#include "kernels/memory_bank.h"
#include "kernels/memory_bank_cases.h"

namespace lanet::bench {

static Benchmark memory_bank_bench{
    "memory_bank_enqueue", [](Context& context) {
      for (const auto& c : kMemoryBankCases) {
        if (!c.bench) continue;
        for (const DType dtype : {DType::f32, DType::bf16}) {
          BenchTensor keys(context, {c.batch, c.width}, dtype);
          BenchTensor expression(context, {c.rows, c.width}, dtype);
          BenchTensor landmark(context, {c.rows, c.width}, dtype);
          BenchTensor labels(context, {c.batch}, DType::i32);
          BenchTensor bank_labels(context, {c.rows}, DType::i32), pointer(context, {1}, DType::i32);
          const double n = static_cast<double>(c.batch * c.width);
          report(context, {fmt::format("memory_bank_enqueue {} {}x{} into {}", dtype, c.batch,
                                       c.width, c.rows),
                           2 * 2 * n * static_cast<double>(size_of(dtype)), 0, [&] {
                             memory_bank_enqueue(context, {.keys_expression = keys,
                                                           .keys_landmark = keys,
                                                           .labels = labels,
                                                           .bank_expression = expression,
                                                           .bank_landmark = landmark,
                                                           .bank_labels = bank_labels,
                                                           .pointer = pointer});
                           }});
        }
      }
    }};

}  // namespace lanet::bench
