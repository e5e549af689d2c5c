#include "core/cuda/nvtx.h"

#include <nvtx3/nvToolsExt.h>

namespace lanet::cuda {

void push_range(const std::string& name) {
  nvtxRangePushA(name.c_str());
}

void pop_range() {
  nvtxRangePop();
}

}  // namespace lanet::cuda
