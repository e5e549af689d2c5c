#include "bench/ceilings.h"

#include <cstring>
#include <nlohmann/json.hpp>

#include "bench/bench.h"
#include "kernels/conv2d/conv2d.h"
#include "kernels/gemm.h"

namespace lanet::bench {

namespace {

/// A ceiling is what the device can do, whoever else uses it meanwhile.
double least_seconds(Timer& timer, const std::function<void()>& run) {
  return timer.time(run, Cache::cold).least;
}

double copy_rate(Context& context, Timer& timer) {
  const int64_t threads = context.threads();
  // The timer's buffer is larger than the caches; a GPU needs some time to reach its full rate.
  const int64_t times = context.device() == Device::cuda ? 8 : 1;
  const auto part = times * static_cast<int64_t>(timer.buffer_bytes()) / threads;
  const Buffer from = context.allocate(part * threads), to = context.allocate(part * threads);
  auto tensor = [&](const Buffer& buffer, int64_t thread) {
    return buffer.tensor({part}, DType::u8, static_cast<size_t>(thread * part));
  };
  for (int64_t thread = 0; thread < threads; ++thread) {
    context.fill_zero(tensor(from, thread));
    context.fill_zero(tensor(to, thread));
  }
  const double seconds = least_seconds(timer, [&] {
#pragma omp parallel for schedule(static) num_threads(threads) if (context.device() == Device::cpu)
    for (int64_t thread = 0; thread < threads; ++thread)
      context.copy(tensor(to, thread), tensor(from, thread));
  });
  return 2 * static_cast<double>(part * threads) / seconds;
}

/// A convolution with 1x1 kernels is a product: no algorithm saves multiplications. An image a
/// thread.
double convolution_rate(Context& context, Timer& timer, DType dtype) {
  const Conv2dShape shape{context.threads(), 28, 28, 1024, 1024, 1, 1, 0, dtype};
  Conv2dPlan plan(context, shape, false, false);
  context.reserve_workspace(plan.workspace_bytes());
  const OwnedTensor x(context, shape.x(), dtype, numbers), y(context, shape.y(), dtype);
  return 2 * shape.macs() / least_seconds(timer, [&] {
           conv2d_primitive_only(context, plan, Conv2dPass::forward, {.x = x, .y = y});
         });
}

double gemm_rate(Context& context, Timer& timer, DType dtype) {
  constexpr int64_t n = 8192;
  auto matrix = [&] {  // of numbers that are quicker made than random ones
    return OwnedTensor(context, {n, n}, dtype,
                       [](int64_t i) { return static_cast<double>(i % 127 - 63) / 64; });
  };
  const OwnedTensor a = matrix(), b = matrix(), c = matrix();
  const GemmArgs args{.m = n, .n = n, .k = n, .a = a, .lda = n, .b = b, .ldb = n, .c = c, .ldc = n};
  return 2.0 * n * n * n / least_seconds(timer, [&] { gemm(context, args); });
}

}  // namespace

Ceilings measure_ceilings(Context& context) {
  Timer timer(context);
  const auto product_rate = context.device() == Device::cuda ? gemm_rate : convolution_rate;
  return {.bytes_per_second = copy_rate(context, timer),
          .bf16_flops = product_rate(context, timer, DType::bf16),
          .float_flops = product_rate(context, timer, DType::f32)};
}

nlohmann::ordered_json to_json(const Ceilings& ceilings) {
  return {{"bytes_per_second", ceilings.bytes_per_second},
          {"f32_product_flops", ceilings.float_flops},
          {"bf16_product_flops", ceilings.bf16_flops}};
}

std::string describe(const Ceilings& ceilings) {
  return fmt::format("copy {:.1f} GB/s, products {:.3f} TFLOP/s f32, {:.3f} TFLOP/s bf16",
                     ceilings.bytes_per_second / 1e9, ceilings.float_flops / 1e12,
                     ceilings.bf16_flops / 1e12);
}

}  // namespace lanet::bench
