#include "bench/bench.h"
#include "kernels/add.h"
#include "kernels/add_cases.h"
#include "kernels/pool_cases.h"
#include "kernels/upsample_cases.h"

namespace lanet::bench {

static const Registration pool_bench{
    {.axes = {"batch", "height", "width", "channels"},
     .sizes = bench_sizes(kPoolCases,
                          [](const PoolCase& c) {
                            return std::vector<int64_t>{c.batch, c.height, c.width, c.channels};
                          }),
     .dtypes = {DType::f32, DType::bf16},
     .images = true,
     .run = [](Context& context, const Sizes& s, DType dtype, const Measure& measure) {
       const PoolTensors t({s[0], s[1], s[2], s[3]}, dtype, /*adds=*/false, context);
       measure([&] { max_pool(context, t.max()); });
       measure([&] { max_pool_backward(context, t.max_backward()); });
       measure([&] { global_average_pool(context, t.average()); });
       measure([&] { global_average_pool_backward(context, t.average_backward()); });
     }}};

static const Registration upsample_bench{
    {.axes = {"batch", "height", "width", "channels"},
     .sizes = bench_sizes(kUpsampleCases,
                          [](const UpsampleCase& c) {
                            return std::vector<int64_t>{c.batch, c.height, c.width, c.channels};
                          }),
     .dtypes = {DType::f32, DType::bf16},
     .images = true,
     .run = [](Context& context, const Sizes& s, DType dtype, const Measure& measure) {
       const UpsampleTensors t({s[0], s[1], s[2], s[3]}, dtype, /*adds=*/false, context);
       measure([&] { upsample_2x(context, t.forward()); });
       measure([&] { upsample_2x_backward(context, t.backward()); });
     }}};

static const Registration add_bench{
    {.axes = {"elements"},
     .sizes =
         bench_sizes(kAddCases, [](const AddCase& c) { return std::vector<int64_t>{c.elements}; }),
     .dtypes = {DType::f32, DType::bf16},
     .images = true,
     .run = [](Context& context, const Sizes& s, DType dtype, const Measure& measure) {
       OwnedTensor a(context, {s[0]}, dtype, numbers), b(context, {s[0]}, dtype, numbers),
           y(context, {s[0]}, dtype);
       measure([&] { add(context, {.a = a, .b = b, .y = y}); });
       measure([&] { add_backward(context, {.dy = y, .da = {a}, .db = {b, true}}); });
     }}};

}  // namespace lanet::bench
