// Winograd's algorithm on vectors of 16 floats.
#include <omp.h>

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "kernels/conv2d/conv2d_winograd.h"

#define LANET_WINOGRAD winograd_avx512
#define LANET_WINOGRAD_LANES 16
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,fma,prefer-vector-width=512")

#include "kernels/conv2d/conv2d_winograd_passes.h"

namespace lanet {

const Conv2dPasses kWinogradAvx512{"winograd 4x4 3x3", winograd_avx512::workspace_bytes,
                                   winograd_avx512::forward, winograd_avx512::backward_data,
                                   winograd_avx512::backward_weight};

}  // namespace lanet
