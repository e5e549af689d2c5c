#include "bench/timer.h"

#include <chrono>

#ifdef LANET_HAVE_CUDA
#include "core/cuda/launch.h"
#endif

namespace lanet::bench {

#ifdef LANET_HAVE_CUDA
struct Timer::Events {
  explicit Events(Context& on) : context(on) {
    int device = 0, cache_bytes = 0;
    LANET_CUDA_CHECK(cudaGetDevice(&device));
    LANET_CUDA_CHECK(cudaDeviceGetAttribute(&cache_bytes, cudaDevAttrL2CacheSize, device));
    flush = context.allocate(4 * static_cast<size_t>(cache_bytes));
    LANET_CUDA_CHECK(cudaEventCreate(&start));
    LANET_CUDA_CHECK(cudaEventCreate(&end));
  }
  ~Events() {
    if (start) LANET_CUDA_LOG(cudaEventDestroy(start));
    if (end) LANET_CUDA_LOG(cudaEventDestroy(end));
  }
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;

  double seconds(const std::function<void()>& run) {
    const cudaStream_t stream = cuda::stream(context);
    LANET_CUDA_CHECK(cudaMemsetAsync(flush.data(), 0, flush.bytes(), stream));
    LANET_CUDA_CHECK(cudaEventRecord(start, stream));
    run();
    LANET_CUDA_CHECK(cudaEventRecord(end, stream));
    LANET_CUDA_CHECK(cudaEventSynchronize(end));
    float milliseconds = 0;
    LANET_CUDA_CHECK(cudaEventElapsedTime(&milliseconds, start, end));
    return 1e-3 * static_cast<double>(milliseconds);
  }

  Context& context;
  Buffer flush;
  cudaEvent_t start = nullptr, end = nullptr;
};
#else
struct Timer::Events {
  explicit Events(Context&) {}
  double seconds(const std::function<void()>&) { return 0; }
};
#endif

Timer::Timer(Context& context) {
  if (context.device() == Device::cuda) events_ = std::make_unique<Events>(context);
}
Timer::~Timer() = default;

double Timer::seconds(const std::function<void()>& run) {
  if (events_) return events_->seconds(run);
  const auto start = std::chrono::steady_clock::now();
  run();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace lanet::bench
