#include "core/cuda/libraries.h"

#include "core/cuda/launch.h"

namespace lanet::cuda {

namespace {

/// What cuBLAS asks for on compute capability 9; smaller devices need less.
constexpr size_t kProductWorkspaceBytes = size_t{32} << 20;

std::string place(const char* expression, const char* file, int line) {
  return fmt::format("from {} at {}:{}", expression, file, line);
}

/// For destructors, which must not throw.
void log_failure(bool failed, const std::string& text) {
  if (failed) fmt::print(stderr, "{}\n", text);
}

}  // namespace

void check(cublasStatus_t status, const char* expression, const char* file, int line) {
  if (status != CUBLAS_STATUS_SUCCESS)
    throw Error(fmt::format("cuBLASLt: {} {}", cublasLtGetStatusName(status),
                            place(expression, file, line)));
}

void check(cudnnStatus_t status, const char* expression, const char* file, int line) {
  if (status == CUDNN_STATUS_SUCCESS) return;
  char reason[1024] = "";
  cudnnGetLastErrorString(reason, sizeof reason);
  throw Error(fmt::format("cuDNN: {} {}: {}", cudnnGetErrorString(status),
                          place(expression, file, line), reason));
}

Libraries::Libraries(Context& context) : stream_(stream(context)) {
  LANET_CUBLAS_CHECK(cublasLtCreate(&cublas_));
  product_workspace_ = context.allocate(kProductWorkspaceBytes);
}

Libraries::~Libraries() {
  if (cudnn_) log_failure(cudnnDestroy(cudnn_) != CUDNN_STATUS_SUCCESS, "cuDNN: cudnnDestroy");
  if (cublas_)
    log_failure(cublasLtDestroy(cublas_) != CUBLAS_STATUS_SUCCESS, "cuBLASLt: cublasLtDestroy");
}

cudnnHandle_t Libraries::cudnn() {
  if (!cudnn_) {
    LANET_CUDNN_CHECK(cudnnCreate(&cudnn_));
    LANET_CUDNN_CHECK(cudnnSetStream(cudnn_, stream_));
  }
  return cudnn_;
}

std::shared_ptr<Libraries> make_libraries(Context& context) {
  return std::make_shared<Libraries>(context);
}

}  // namespace lanet::cuda
