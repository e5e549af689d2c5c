#include "core/captured_work.h"

#ifdef LANET_HAVE_CUDA
#include "core/cuda/check.h"
#include "core/cuda/launch.h"
#endif

namespace lanet {

#ifdef LANET_HAVE_CUDA
namespace {

/// What `work` puts on the stream, as a graph that can be launched.
std::shared_ptr<void> capture_graph(cudaStream_t stream, const std::function<void()>& work) {
  LANET_CUDA_CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  cudaGraph_t graph = nullptr;
  try {
    work();
  } catch (...) {
    (void)cudaStreamEndCapture(stream, &graph);
    if (graph) LANET_CUDA_LOG(cudaGraphDestroy(graph));
    throw;
  }
  LANET_CUDA_CHECK(cudaStreamEndCapture(stream, &graph));
  cudaGraphExec_t executable = nullptr;
  const cudaError_t status = cudaGraphInstantiate(&executable, graph, 0);
  LANET_CUDA_LOG(cudaGraphDestroy(graph));
  cuda::check(status, "cudaGraphInstantiate", __FILE__, __LINE__);
  return {executable,
          [](void* p) { LANET_CUDA_LOG(cudaGraphExecDestroy(static_cast<cudaGraphExec_t>(p))); }};
}

}  // namespace
#endif

void CapturedWork::run([[maybe_unused]] Context& context, const std::function<void()>& work) {
#ifdef LANET_HAVE_CUDA
  if (context.device() == Device::cuda && capture_ && warm_) {
    const cudaStream_t stream = cuda::stream(context);
    if (!graph_) graph_ = capture_graph(stream, work);
    LANET_CUDA_CHECK(cudaGraphLaunch(static_cast<cudaGraphExec_t>(graph_.get()), stream));
    return;
  }
#endif
  work();
  warm_ = true;
}

}  // namespace lanet
