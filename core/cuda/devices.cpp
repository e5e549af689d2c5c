#include "core/cuda/devices.h"

#include <cublasLt.h>
#include <cuda_runtime.h>
#include <cudnn.h>
#include <nccl.h>

#include <fstream>

#include "core/context.h"
#include "core/cuda/check.h"

namespace lanet {

namespace {

/// Of the loaded kernel module; empty where the driver says nothing of it.
std::string driver_release() {
  std::ifstream in("/proc/driver/nvidia/version");
  for (std::string word; in >> word;) {
    if (word.find('.') != std::string::npos &&
        word.find_first_not_of("0123456789.") == std::string::npos)
      return word;
  }
  return "";
}

/// 13020 → 13.2
std::string cuda_version(int number) {
  return fmt::format("{}.{}", number / 1000, number % 1000 / 10);
}

std::vector<LibraryVersion> library_versions() {
  int runtime = 0, nccl = 0;
  LANET_CUDA_CHECK(cudaRuntimeGetVersion(&runtime));
  if (const ncclResult_t status = ncclGetVersion(&nccl); status != ncclSuccess)
    throw Error(fmt::format("NCCL: {} from ncclGetVersion", ncclGetErrorString(status)));
  const auto library = [](const char* name, size_t compiled, size_t loaded) {
    return LibraryVersion{name, version_of_number(compiled), version_of_number(loaded)};
  };
  return {{"CUDA runtime", cuda_version(CUDART_VERSION), cuda_version(runtime)},
          library("cuBLASLt", CUBLAS_VERSION, cublasLtGetVersion()),
          library("cuDNN", CUDNN_VERSION, cudnnGetVersion()),
          library("NCCL", NCCL_VERSION_CODE, static_cast<size_t>(nccl))};
}

}  // namespace

std::string cuda::library_problem() {
  for (const LibraryVersion& library : library_versions())
    if (std::string problem = version_problem(library); !problem.empty()) return problem;
  return "";
}

int cuda::device_count() {
  int count = 0;
  if (cudaGetDeviceCount(&count) == cudaSuccess) return count;
  (void)cudaGetLastError();  // who makes a Context is told why; later calls must not meet it again
  return 0;
}

void cuda::select_device(int index) {
  LANET_CUDA_CHECK(cudaSetDevice(index));
}

std::string cuda::device_bus_id() {
  int device = 0;
  char id[32] = "";
  LANET_CUDA_CHECK(cudaGetDevice(&device));
  LANET_CUDA_CHECK(cudaDeviceGetPCIBusId(id, sizeof(id), device));
  return id;
}

size_t cuda::l2_cache_bytes() {
  int device = 0, bytes = 0;
  LANET_CUDA_CHECK(cudaGetDevice(&device));
  LANET_CUDA_CHECK(cudaDeviceGetAttribute(&bytes, cudaDevAttrL2CacheSize, device));
  return static_cast<size_t>(bytes);
}

CudaReport describe_cuda() {
  CudaReport report;
  int driver = 0, count = 0;
  LANET_CUDA_CHECK(cudaDriverGetVersion(&driver));
  report.libraries = library_versions();
  report.architectures = LANET_CUDA_ARCHITECTURES;
  report.driver_release = driver_release();
  if (driver > 0) report.driver = cuda_version(driver);
  report.problem = device_problem(Device::cuda);
  if (cudaGetDeviceCount(&count) != cudaSuccess) {
    (void)cudaGetLastError();  // the problem tells it; later calls must not meet it again
    return report;
  }
  for (int i = 0; i < count; ++i) {
    cudaDeviceProp properties;
    LANET_CUDA_CHECK(cudaGetDeviceProperties(&properties, i));
    report.devices.push_back({properties.name,
                              fmt::format("{}.{}", properties.major, properties.minor),
                              properties.totalGlobalMem});
  }
  if (report.problem.empty()) {
    size_t total = 0;
    LANET_CUDA_CHECK(cudaMemGetInfo(&report.free_bytes, &total));
  }
  return report;
}

}  // namespace lanet
