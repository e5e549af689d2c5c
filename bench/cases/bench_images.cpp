#include "bench/bench.h"
#include "kernels/add.h"
#include "kernels/add_cases.h"
#include "kernels/pool.h"
#include "kernels/pool_cases.h"
#include "kernels/upsample.h"
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
       const Shape image{s[0], s[1], s[2], s[3]};
       const Shape pooled{s[0], max_pool_size(s[1]), max_pool_size(s[2]), s[3]};
       OwnedTensor x(context, image, dtype, numbers), dx(context, image, dtype);
       OwnedTensor y(context, pooled, dtype), argmax(context, pooled, DType::u8, numbers);
       OwnedTensor mean(context, {s[0], s[3]}, DType::f32, numbers);
       measure([&] { max_pool(context, {.x = x, .y = y, .argmax = argmax}); });
       measure([&] { max_pool_backward(context, {.dy = y, .argmax = argmax, .dx = {dx}}); });
       measure([&] { global_average_pool(context, {.x = x, .y = mean}); });
       measure([&] { global_average_pool_backward(context, {.dy = mean, .dx = {dx}}); });
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
       const Shape small{s[0], s[1], s[2], s[3]}, large{s[0], 2 * s[1], 2 * s[2], s[3]};
       OwnedTensor x(context, small, dtype, numbers), dx(context, small, dtype);
       OwnedTensor addend(context, large, dtype, numbers), y(context, large, dtype);
       measure([&] { upsample_2x(context, {.x = x, .addend = addend, .y = y}); });
       measure([&] { upsample_2x_backward(context, {.dy = y, .dx = {dx}}); });
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
