#include "bench/bench.h"
#include "kernels/lateral_product.h"
#include "kernels/lateral_product_cases.h"

namespace lanet::bench {

// Of float32 weights; the expanded ones rounded to bf16.
static const Registration lateral_product_bench{
    {.axes = {"rows", "depth", "columns1", "columns2", "columns3", "columns4"},
     .sizes = bench_sizes(kLateralCases,
                          [](const LateralCase& c) {
                            return std::vector<int64_t>{c.rows,       c.depth,      c.columns[0],
                                                        c.columns[1], c.columns[2], c.columns[3]};
                          }),
     .run = [](Context& context, const Sizes& s, DType, const Measure& measure) {
       const int64_t rows = s[0], depth = s[1];
       OwnedTensor a(context, {rows, depth}, DType::f32, numbers);
       std::vector<OwnedTensor> tensors;
       LateralTensors lateral, wide;
       LateralGradients rounded, dlateral;
       for (int i = 0; i < 4; ++i) {
         auto tensor = [&](int64_t height, DType dtype) -> Tensor {
           return tensors.emplace_back(context, Shape{height, s[2 + i]}, dtype, numbers);
         };
         lateral[i] = tensor(depth, DType::f32);
         wide[i] = tensor(rows, DType::f32);
         rounded[i] = {tensor(rows, DType::bf16)};
         dlateral[i] = {lateral[i]};
       }
       measure([&] { lateral_expand(context, {.a = a, .lateral = lateral, .y = rounded}); });
       measure([&] { lateral_contract(context, {.x = wide, .lateral = lateral, .sum = {a}}); });
       measure([&] { lateral_gradient(context, {.a = a, .dy = wide, .dlateral = dlateral}); });
     }}};

}  // namespace lanet::bench
