// Winograd's algorithm on vectors of 8 floats.
#include <omp.h>

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "kernels/conv2d/conv2d_winograd.h"

#define LANET_WINOGRAD winograd_avx2
#define LANET_WINOGRAD_LANES 8
#pragma GCC target("avx2,fma,prefer-vector-width=256")

#include "kernels/conv2d/conv2d_winograd_passes.h"

namespace lanet {

const Conv2dPasses kWinogradAvx2{"winograd 4x4 3x3", winograd_avx2::workspace_bytes,
                                 winograd_avx2::forward, winograd_avx2::backward_data,
                                 winograd_avx2::backward_weight};

}  // namespace lanet
