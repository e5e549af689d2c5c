// The functions of the CUDA runtime that the project calls, on a device that is host memory.
#include <cuda_runtime.h>

#include <cstdlib>
#include <cstring>

#include "core/context.h"
#include "core/cuda/devices.h"
#include "core/cuda/memory.h"
#include "tests/simt/checker.h"
#include "tests/simt/device.h"

using namespace lanet::simt;

extern "C" {

cudaError_t cudaGetDeviceCount(int* count) {
  *count = 1;
  return cudaSuccess;
}
cudaError_t cudaDriverGetVersion(int* version) {
  *version = CUDART_VERSION;
  return cudaSuccess;
}
cudaError_t cudaGetDevice(int* device) {
  *device = 0;
  return cudaSuccess;
}
cudaError_t cudaGetLastError() {
  return cudaSuccess;
}
const char* cudaGetErrorString(cudaError_t status) {
  return status == cudaSuccess ? "no error" : "refused by the SIMT harness";
}
const char* cudaGetErrorName(cudaError_t status) {
  return status == cudaErrorInvalidValue ? "cudaErrorInvalidValue" : "cudaError";
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  static char the_stream;
  *stream = reinterpret_cast<cudaStream_t>(&the_stream);
  return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t) {
  return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t) {
  return cudaSuccess;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  static char the_event;
  *event = reinterpret_cast<cudaEvent_t>(&the_event);
  return cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t) {
  return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t, cudaStream_t) {
  return cudaSuccess;
}
cudaError_t cudaStreamWaitEvent(cudaStream_t, cudaEvent_t, unsigned) {
  return cudaSuccess;
}
cudaError_t cudaEventSynchronize(cudaEvent_t) {
  return cudaSuccess;
}

cudaError_t cudaMallocHost(void** address, size_t bytes) {
  *address = std::malloc(bytes);
  return *address ? cudaSuccess : cudaErrorMemoryAllocation;
}
cudaError_t cudaFreeHost(void* address) {
  std::free(address);
  return cudaSuccess;
}
cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  *free = *total = size_t{1} << 30;
  return cudaSuccess;
}
cudaError_t cudaMalloc(void** address, size_t bytes) {
  *address = allocate_buffer(bytes).begin;
  return cudaSuccess;
}
cudaError_t cudaFree(void* address) {
  return release_buffer(address) ? cudaSuccess : cudaErrorInvalidValue;
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind,
                            cudaStream_t) {
  const DeviceOpen open;
  std::memcpy(to, from, bytes);
  checker::host_wrote(to, bytes);
  return cudaSuccess;
}
cudaError_t cudaMemsetAsync(void* to, int value, size_t bytes, cudaStream_t) {
  const DeviceOpen open;
  std::memset(to, value, bytes);
  checker::host_wrote(to, bytes);
  return cudaSuccess;
}

}  // extern "C"

namespace lanet {
CudaReport describe_cuda() {
  return {};
}
}  // namespace lanet

namespace lanet::cuda {

/// What a Context wants of its device besides: no library, and so none that is too old, code that
/// runs, and work that is not captured but done each time.
std::shared_ptr<Libraries> make_libraries(Context&) {
  return nullptr;
}
std::string device_code_problem() {
  return "";
}
std::string library_problem() {
  return "";
}
std::shared_ptr<void> capture(void*, const std::function<void()>& work) {
  return std::make_shared<std::function<void()>>(work);
}
void launch(void*, const std::shared_ptr<void>& graph) {
  (*static_cast<std::function<void()>*>(graph.get()))();
}

}  // namespace lanet::cuda

namespace lanet {

/// Called by OwnedTensor with the bytes around each tensor on the device.
void watch_guard(const void* begin, size_t bytes) {
  checker::guard(begin, bytes);
}

namespace test {

/// Overrides the null one of the tests.
int64_t launches_so_far() {
  return simt::launch_count();
}

}  // namespace test
}  // namespace lanet
