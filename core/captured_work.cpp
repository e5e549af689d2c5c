#include "core/captured_work.h"

#include "core/cuda/memory.h"

namespace lanet {

void CapturedWork::run(Context& context, const std::function<void()>& work) {
  if (context.device() == Device::cuda && capture_ && warm_) {
    if (!graph_) graph_ = cuda::capture(context.stream(), work);
    cuda::launch(context.stream(), graph_);
    return;
  }
  work();
  warm_ = true;
}

}  // namespace lanet
