// Fast path of knn_set on the CPU, float32.
#pragma once

#include "kernels/knn_set.h"

namespace lanet {

size_t knn_set_cpu_workspace_bytes(int64_t queries, int64_t n, int64_t d, int64_t k,
                                   int orientations, int threads);

void knn_set_cpu(const KnnSetArgs& args, int threads, void* workspace);

}  // namespace lanet
