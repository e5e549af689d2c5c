// Whether a device runs the code that this program holds.
#include "core/cuda/check.h"
#include "core/cuda/devices.h"

namespace lanet::cuda {

__global__ void device_code_kernel() {}

std::string device_code_problem() {
  cudaFuncAttributes attributes;
  cudaError_t status =
      cudaFuncGetAttributes(&attributes, reinterpret_cast<const void*>(device_code_kernel));
  if (status == cudaSuccess) {
    void* no_arguments[] = {nullptr};
    status = cudaLaunchKernel(reinterpret_cast<const void*>(device_code_kernel), dim3(1), dim3(1),
                              no_arguments, 0, nullptr);
  }
  if (status == cudaSuccess) status = cudaDeviceSynchronize();
  (void)cudaGetLastError();  // the failure is told; later calls must not meet it again
  if (status == cudaSuccess) return "";
  if (status == cudaErrorNoKernelImageForDevice || status == cudaErrorInvalidDeviceFunction)
    return "the program holds no code for the GPU, only for " LANET_CUDA_ARCHITECTURES;
  return cudaGetErrorString(status);
}

}  // namespace lanet::cuda
