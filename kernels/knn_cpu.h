// Fast path of knn on the CPU, float32 and bfloat16: rows normalised once, then all dot products.
#pragma once

#include "kernels/knn.h"

namespace lanet {

int64_t knn_cpu_workspace_elements(int64_t n, int64_t d);

/// workspace: knn_cpu_workspace_elements floats, 64-byte aligned.
void knn_cpu(const KnnArgs& args, float* workspace);

}  // namespace lanet
