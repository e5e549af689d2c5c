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
        const Shape image{c.batch, c.height, c.width, c.channels};
        const Shape pooled{c.batch, max_pool_size(c.height), max_pool_size(c.width), c.channels};
        const double n = static_cast<double>(image.elements());
        const double m = static_cast<double>(pooled.elements());
        for (const DType dtype : {DType::f32, DType::bf16}) {
          BenchTensor x(context, image, dtype), dx(context, image, dtype);
          BenchTensor y(context, pooled, dtype), argmax(context, pooled, DType::u8);
          BenchTensor mean(context, {c.batch, c.channels}, DType::f32);
          const double size = static_cast<double>(size_of(dtype));
          auto name = [&](const char* what) { return fmt::format("{} {} {}", what, dtype, image); };
          report({name("max_pool"), size * (n + m) + m, 9 * m,
                  [&] { max_pool(context, {.x = x, .y = y, .argmax = argmax}); }});
          report({name("max_pool_backward"), size * (n + m) + m, m,
                  [&] { max_pool_backward(context, {.dy = y, .argmax = argmax, .dx = {dx}}); }});
          report({name("global_average_pool"), size * n, n,
                  [&] { global_average_pool(context, {.x = x, .y = mean}); }});
          report({name("global_average_pool_backward"), size * n, n,
                  [&] { global_average_pool_backward(context, {.dy = mean, .dx = {dx}}); }});
        }
      }
    }};

static Benchmark upsample_bench{
    "upsample_2x", [](Context& context) {
      for (const auto& c : kUpsampleCases) {
        if (!c.bench) continue;
        const Shape small{c.batch, c.height, c.width, c.channels};
        const Shape large{c.batch, 2 * c.height, 2 * c.width, c.channels};
        const double n = static_cast<double>(small.elements());
        for (const DType dtype : {DType::f32, DType::bf16}) {
          BenchTensor x(context, small, dtype), dx(context, small, dtype);
          BenchTensor addend(context, large, dtype), y(context, large, dtype);
          const double size = static_cast<double>(size_of(dtype));
          report({fmt::format("upsample_2x {} {}", dtype, small), 9 * n * size, 4 * 8 * n,
                  [&] { upsample_2x(context, {.x = x, .addend = addend, .y = y}); }});
          report({fmt::format("upsample_2x_backward {} {}", dtype, small), 5 * n * size, 4 * 8 * n,
                  [&] { upsample_2x_backward(context, {.dy = y, .dx = {dx}}); }});
        }
      }
    }};

static Benchmark add_bench{"add", [](Context& context) {
                             for (const auto& c : kAddCases) {
                               if (!c.bench) continue;
                               for (const DType dtype : {DType::f32, DType::bf16}) {
                                 BenchTensor a(context, {c.elements}, dtype),
                                     b(context, {c.elements}, dtype);
                                 BenchTensor y(context, {c.elements}, dtype);
                                 const double n = static_cast<double>(c.elements);
                                 report({fmt::format("add {} {}", dtype, c.elements),
                                         3 * n * static_cast<double>(size_of(dtype)), n,
                                         [&] { add(context, {.a = a, .b = b, .y = y}); }});
                               }
                             }
                           }};

}  // namespace lanet::bench
