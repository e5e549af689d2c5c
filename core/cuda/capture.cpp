#include "core/cuda/check.h"
#include "core/cuda/memory.h"

namespace lanet::cuda {

std::shared_ptr<void> capture(void* stream, const std::function<void()>& work) {
  const cudaStream_t on = static_cast<cudaStream_t>(stream);
  LANET_CUDA_CHECK(cudaStreamBeginCapture(on, cudaStreamCaptureModeThreadLocal));
  cudaGraph_t graph = nullptr;
  try {
    work();
  } catch (...) {
    (void)cudaStreamEndCapture(on, &graph);
    if (graph) LANET_CUDA_LOG(cudaGraphDestroy(graph));
    throw;
  }
  LANET_CUDA_CHECK(cudaStreamEndCapture(on, &graph));
  cudaGraphExec_t executable = nullptr;
  const cudaError_t status = cudaGraphInstantiate(&executable, graph, 0);
  LANET_CUDA_LOG(cudaGraphDestroy(graph));
  check(status, "cudaGraphInstantiate", __FILE__, __LINE__);
  return {executable,
          [](void* p) { LANET_CUDA_LOG(cudaGraphExecDestroy(static_cast<cudaGraphExec_t>(p))); }};
}

void launch(void* stream, const std::shared_ptr<void>& graph) {
  LANET_CUDA_CHECK(cudaGraphLaunch(static_cast<cudaGraphExec_t>(graph.get()),
                                   static_cast<cudaStream_t>(stream)));
}

}  // namespace lanet::cuda
