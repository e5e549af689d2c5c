// The CUDA libraries of a context: handles on its stream, and memory for their products.
#pragma once

#include <cublasLt.h>
#include <cudnn.h>

#include "core/context.h"

/// Throws Error with the expression, the place and the library's own words if a call fails.
#define LANET_CUBLAS_CHECK(expression) \
  ::lanet::cuda::check((expression), #expression, __FILE__, __LINE__)
#define LANET_CUDNN_CHECK(expression) \
  ::lanet::cuda::check((expression), #expression, __FILE__, __LINE__)

namespace lanet::cuda {

void check(cublasStatus_t status, const char* expression, const char* file, int line);
void check(cudnnStatus_t status, const char* expression, const char* file, int line);

class Libraries {
 public:
  explicit Libraries(Context& context);
  ~Libraries();
  Libraries(const Libraries&) = delete;
  Libraries& operator=(const Libraries&) = delete;

  cublasLtHandle_t cublas() const { return cublas_; }
  /// Memory that each product uses while it runs.
  const Buffer& product_workspace() const { return product_workspace_; }
  /// Made when it is first asked for, while planning: it takes long, and memory of the device.
  cudnnHandle_t cudnn();

 private:
  cudaStream_t stream_;
  cublasLtHandle_t cublas_ = nullptr;
  cudnnHandle_t cudnn_ = nullptr;
  Buffer product_workspace_;
};

}  // namespace lanet::cuda
