#include "bench/timer.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <nlohmann/json.hpp>

#include "kernels/batch_norm/batch_norm.h"
#ifdef LANET_HAVE_CUDA
#include "core/cuda/devices.h"
#include "core/cuda/launch.h"
#endif

namespace lanet::bench {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_between(Clock::time_point a, Clock::time_point b) {
  return std::chrono::duration<double>(b - a).count();
}

size_t last_level_cache_bytes(const Context& context) {
#ifdef LANET_HAVE_CUDA
  if (context.device() == Device::cuda) return cuda::l2_cache_bytes();
#else
  (void)context;
#endif
  constexpr long kUnknown = 32 << 20;  // virtual machines may not say
  const long bytes = sysconf(_SC_LEVEL3_CACHE_SIZE);
  return static_cast<size_t>(bytes > 0 ? bytes : kUnknown);
}

constexpr int64_t kChannels = 64;  // of the buffer, as an image in float32

Shape image_of(const Buffer& buffer) {
  return {static_cast<int64_t>(buffer.bytes() / sizeof(float)) / kChannels, kChannels};
}

}  // namespace

struct Moments::Impl {
  explicit Impl(Context& on) : context(on) {}
  Context& context;
  std::vector<Clock::time_point> times;  // on the CPU
#ifdef LANET_HAVE_CUDA
  ~Impl() {
    for (const cudaEvent_t event : events) LANET_CUDA_LOG(cudaEventDestroy(event));
  }
  std::vector<cudaEvent_t> events;  // made when first needed, used again
  size_t used = 0;
#endif
};

Moments::Moments(Context& context) : impl_(std::make_unique<Impl>(context)) {}
Moments::~Moments() = default;

void Moments::mark() {
#ifdef LANET_HAVE_CUDA
  if (impl_->context.device() == Device::cuda) {
    if (impl_->used == impl_->events.size()) {
      cudaEvent_t event = nullptr;
      LANET_CUDA_CHECK(cudaEventCreate(&event));
      impl_->events.push_back(event);
    }
    LANET_CUDA_CHECK(cudaEventRecord(impl_->events[impl_->used++], cuda::stream(impl_->context)));
    return;
  }
#endif
  impl_->times.push_back(Clock::now());
}

std::vector<double> Moments::seconds() {
  std::vector<double> seconds;
#ifdef LANET_HAVE_CUDA
  if (impl_->context.device() == Device::cuda) {
    impl_->context.synchronize();
    for (size_t i = 0; i < impl_->used; ++i) {
      float milliseconds = 0;
      LANET_CUDA_CHECK(cudaEventElapsedTime(&milliseconds, impl_->events[0], impl_->events[i]));
      seconds.push_back(1e-3 * static_cast<double>(milliseconds));
    }
    impl_->used = 0;
    return seconds;
  }
#endif
  for (const Clock::time_point time : impl_->times)
    seconds.push_back(seconds_between(impl_->times.front(), time));
  impl_->times.clear();
  return seconds;
}

Spread spread_of(std::vector<double> seconds) {
  std::sort(seconds.begin(), seconds.end());
  const auto quantile = [&](double q) {
    return seconds[static_cast<size_t>(q * static_cast<double>(seconds.size() - 1) + 0.5)];
  };
  return {quantile(0.5), quantile(0.1), quantile(0.9), seconds.front()};
}

nlohmann::ordered_json milliseconds(const Spread& seconds) {
  return {{"median", 1e3 * seconds.median}, {"p10", 1e3 * seconds.p10}, {"p90", 1e3 * seconds.p90}};
}

Timer::Timer(Context& context)
    : context_(context),
      buffer_(context.allocate(2 * last_level_cache_bytes(context))),
      statistics_(context.allocate(2 * kChannels * sizeof(float))),
      moments_(context) {
  if (context.device() != Device::cuda) return;
  context.fill_zero(buffer_.tensor({static_cast<int64_t>(buffer_.bytes())}, DType::u8));
  context.reserve_workspace(batch_norm_workspace_bytes(image_of(buffer_)));
}

void Timer::fill_caches() {
  if (context_.device() == Device::cuda) {
    // By reading: what is written would have to go to memory while the run is timed. These
    // statistics read an image once, and write next to nothing.
    const Shape channels{kChannels};
    batch_norm_statistics(
        context_, {.x = buffer_.tensor(image_of(buffer_), DType::f32),
                   .mean = statistics_.tensor(channels, DType::f32),
                   .inv_std = statistics_.tensor(channels, DType::f32, kChannels * sizeof(float))});
    return;
  }
  // By every thread a part: a core's own cache is emptied only by what it writes itself.
  const int64_t parts = context_.threads();
  const size_t bytes = buffer_.bytes() / static_cast<size_t>(parts);
#pragma omp parallel for schedule(static) num_threads(context_.threads())
  for (int64_t part = 0; part < parts; ++part)
    std::memset(static_cast<std::byte*>(buffer_.data()) + static_cast<size_t>(part) * bytes, 0,
                bytes);
}

Spread Timer::time(const std::function<void()>& run, Cache cache) {
  constexpr size_t kLeastRuns = 5, kMostRuns = 1000;
  constexpr double kSeconds = 0.15;
  run();  // libraries prepare themselves
  context_.synchronize();
  std::vector<double> seconds;
  const auto start = Clock::now();
  while (seconds.size() < kLeastRuns ||
         (seconds_between(start, Clock::now()) < kSeconds && seconds.size() < kMostRuns)) {
    if (cache == Cache::cold || context_.device() == Device::cuda) fill_caches();
    if (cache == Cache::warm) run();
    moments_.mark();
    run();
    moments_.mark();
    seconds.push_back(moments_.seconds().back());
  }
  return spread_of(std::move(seconds));
}

}  // namespace lanet::bench
