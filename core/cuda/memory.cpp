#include "core/cuda/memory.h"

#include "core/cuda/check.h"
#include "core/cuda/devices.h"

namespace lanet::cuda {

namespace {

cudaStream_t stream_of(void* stream) {
  return static_cast<cudaStream_t>(stream);
}

cudaEvent_t event_of(void* event) {
  return static_cast<cudaEvent_t>(event);
}

}  // namespace

std::string device_problem() {
  if (std::string problem = library_problem(); !problem.empty()) return problem;
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  (void)cudaGetLastError();  // the failure is told; later calls must not meet it again
  int driver = 0;
  if (status == cudaErrorInsufficientDriver && cudaDriverGetVersion(&driver) == cudaSuccess) {
    if (driver == 0) return "there is no NVIDIA driver";
    return fmt::format(
        "the driver is for CUDA {}.{} and older, the program was built with {}.{}: install a newer "
        "driver, or build with an older toolkit",
        driver / 1000, driver % 1000 / 10, CUDART_VERSION / 1000, CUDART_VERSION % 1000 / 10);
  }
  if (status != cudaSuccess)
    return fmt::format("no device can be used ({})", cudaGetErrorString(status));
  return count > 0 ? device_code_problem() : "there is none";
}

void* create_stream() {
  cudaStream_t stream = nullptr;
  LANET_CUDA_CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  return stream;
}

void destroy_stream(void* stream) {
  LANET_CUDA_LOG(cudaStreamSynchronize(stream_of(stream)));
  LANET_CUDA_LOG(cudaStreamDestroy(stream_of(stream)));
}

void synchronize(void* stream) {
  LANET_CUDA_CHECK(cudaStreamSynchronize(stream_of(stream)));
}

void* allocate(size_t bytes) {
  void* block = nullptr;
  LANET_CUDA_CHECK(cudaMalloc(&block, bytes));
  return block;
}

void release(void* block) {
  LANET_CUDA_LOG(cudaFree(block));
}

size_t free_bytes() {
  size_t free = 0, total = 0;
  LANET_CUDA_CHECK(cudaMemGetInfo(&free, &total));
  return free;
}

void* allocate_pinned(size_t bytes) {
  void* block = nullptr;
  LANET_CUDA_CHECK(cudaMallocHost(&block, bytes));
  return block;
}

void release_pinned(void* block) {
  LANET_CUDA_LOG(cudaFreeHost(block));
}

void* create_event() {
  cudaEvent_t event = nullptr;
  LANET_CUDA_CHECK(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
  return event;
}

void destroy_event(void* event) {
  LANET_CUDA_LOG(cudaEventDestroy(event_of(event)));
}

void record(void* stream, void* event) {
  LANET_CUDA_CHECK(cudaEventRecord(event_of(event), stream_of(stream)));
}

void wait_for(void* stream, void* event) {
  LANET_CUDA_CHECK(cudaStreamWaitEvent(stream_of(stream), event_of(event), 0));
}

void synchronize_event(void* event) {
  LANET_CUDA_CHECK(cudaEventSynchronize(event_of(event)));
}

void copy(void* stream, void* to, const void* from, size_t bytes) {
  LANET_CUDA_CHECK(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, stream_of(stream)));
}

void fill_zero(void* stream, void* block, size_t bytes) {
  LANET_CUDA_CHECK(cudaMemsetAsync(block, 0, bytes, stream_of(stream)));
}

}  // namespace lanet::cuda
