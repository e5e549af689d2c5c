// Fast path of info_nce on the CPU, float32 and bfloat16: matrix products over tiles of the bank.
#pragma once

#include "kernels/info_nce.h"

namespace lanet {

int64_t info_nce_cpu_workspace_elements(int64_t queries, int64_t keys, int64_t width,
                                        int64_t bank_rows);

/// Everything is computed in float; workspace: info_nce_cpu_workspace_elements.
void info_nce_cpu(Context& context, const InfoNceArgs& args, float* workspace);

}  // namespace lanet
