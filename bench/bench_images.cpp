#include "bench/bench.h"
#include "kernels/add.h"
#include "kernels/add_cases.h"
#include "kernels/pool.h"
#include "kernels/pool_cases.h"
#include "kernels/upsample.h"
#include "kernels/upsample_cases.h"

namespace lanet::bench {

static Benchmark pool_bench{
    "pool", [](Context& context) {
      for (const auto& c : kPoolCases) {
        if (!c.bench) continue;
        const int64_t batch = batch_for(context, c.batch);
        const Shape image{batch, c.height, c.width, c.channels};
        const Shape pooled{batch, max_pool_size(c.height), max_pool_size(c.width), c.channels};
        const double n = static_cast<double>(image.elements());
        const double m = static_cast<double>(pooled.elements());
        for (const DType dtype : {DType::f32, DType::bf16}) {
          BenchTensor x(context, image, dtype), dx(context, image, dtype);
          BenchTensor y(context, pooled, dtype), argmax(context, pooled, DType::u8);
          BenchTensor mean(context, {batch, c.channels}, DType::f32);
          const double size = static_cast<double>(size_of(dtype));
          auto name = [&](const char* what) { return fmt::format("{} {} {}", what, dtype, image); };
          report(context, {name("max_pool"), size * (n + m) + m, 9 * m,
                           [&] { max_pool(context, {.x = x, .y = y, .argmax = argmax}); }});
          report(context, {name("max_pool_backward"), size * (n + m) + m, m, [&] {
                             max_pool_backward(context, {.dy = y, .argmax = argmax, .dx = {dx}});
                           }});
          report(context, {name("global_average_pool"), size * n, n,
                           [&] { global_average_pool(context, {.x = x, .y = mean}); }});
          report(context, {name("global_average_pool_backward"), size * n, n, [&] {
                             global_average_pool_backward(context, {.dy = mean, .dx = {dx}});
                           }});
        }
      }
    }};

static Benchmark upsample_bench{
    "upsample_2x", [](Context& context) {
      for (const auto& c : kUpsampleCases) {
        if (!c.bench) continue;
        const int64_t batch = batch_for(context, c.batch);
        const Shape small{batch, c.height, c.width, c.channels};
        const Shape large{batch, 2 * c.height, 2 * c.width, c.channels};
        const double n = static_cast<double>(small.elements());
        for (const DType dtype : {DType::f32, DType::bf16}) {
          BenchTensor x(context, small, dtype), dx(context, small, dtype);
          BenchTensor addend(context, large, dtype), y(context, large, dtype);
          const double size = static_cast<double>(size_of(dtype));
          report(context, {fmt::format("upsample_2x {} {}", dtype, small), 9 * n * size, 4 * 8 * n,
                           [&] { upsample_2x(context, {.x = x, .addend = addend, .y = y}); }});
          report(context,
                 {fmt::format("upsample_2x_backward {} {}", dtype, small), 5 * n * size, 4 * 8 * n,
                  [&] { upsample_2x_backward(context, {.dy = y, .dx = {dx}}); }});
        }
      }
    }};

static Benchmark add_bench{"add", [](Context& context) {
                             for (const auto& c : kAddCases) {
                               if (!c.bench) continue;
                               const int64_t elements = batch_for(context, c.elements);
                               for (const DType dtype : {DType::f32, DType::bf16}) {
                                 BenchTensor a(context, {elements}, dtype),
                                     b(context, {elements}, dtype);
                                 BenchTensor y(context, {elements}, dtype);
                                 const double n = static_cast<double>(elements);
                                 report(context, {fmt::format("add {} {}", dtype, elements),
                                                  3 * n * static_cast<double>(size_of(dtype)), n,
                                                  [&] { add(context, {.a = a, .b = b, .y = y}); }});
                               }
                             }
                           }};

}  // namespace lanet::bench
