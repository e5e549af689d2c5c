#include "bench/link.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <nlohmann/json.hpp>

#include "bench/timer.h"
#include "core/ranks/communicator.h"

namespace lanet::bench {

namespace {

/// Rounds in which every rank reaches every other: the logarithm of `ranks` to base 2, rounded up.
int rounds(int ranks) {
  return std::bit_width(static_cast<unsigned>(ranks - 1));
}

double time_all_reduce(Context& context, int64_t bytes, int runs) {
  Tensor tensor;
  const int64_t elements = bytes / static_cast<int64_t>(sizeof(float));
  const Buffer memory = allocate_tensors(context, {{&tensor, {elements}, DType::f32}});
  context.fill_zero(tensor);
  std::vector<double> seconds;
  constexpr int kWarmUp = 2;
  for (int i = 0; i < kWarmUp + runs; ++i) {
    context.communicator().barrier(context);
    const auto start = std::chrono::steady_clock::now();
    context.communicator().all_reduce(context, {&tensor, 1}, Reduction::sum);
    context.synchronize();
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    if (i >= kWarmUp) seconds.push_back(taken.count());
  }
  return spread_of(std::move(seconds)).median;
}

}  // namespace

double all_gather_seconds(double bytes, int ranks, const Link& link) {
  const double others = bytes * (ranks - 1) / ranks;
  return rounds(ranks) * link.latency_seconds + others / link.bytes_per_second;
}

double all_reduce_seconds(double bytes, int ranks, const Link& link) {
  return 2 * all_gather_seconds(bytes, ranks, link);
}

Link fit_link(int ranks, double small_seconds, double large_seconds) {
  const double latency = small_seconds / (2 * rounds(ranks));
  // Where latency hides the bytes, half of the time is theirs at least.
  const double moving = std::max(large_seconds - small_seconds, large_seconds / 2);
  return {latency, 2.0 * (ranks - 1) / ranks * static_cast<double>(kLargeMessage) / moving};
}

Link measure_link(Context& context) {
  const double small = time_all_reduce(context, kSmallMessage, 101);
  const double large = time_all_reduce(context, kLargeMessage, 15);
  return fit_link(context.communicator().size(), small, large);
}

nlohmann::ordered_json to_json(const Link& link) {
  return {{"latency_us", 1e6 * link.latency_seconds}, {"bytes_per_second", link.bytes_per_second}};
}

std::string describe(const Link& link) {
  return fmt::format("{:.4g} us, {:.4g} GB/s", 1e6 * link.latency_seconds,
                     link.bytes_per_second / 1e9);
}

}  // namespace lanet::bench
