#include "kernels/conv2d/conv2d_winograd.h"

#include "kernels/cpu_features.h"

namespace lanet {

bool winograd_serves(const Conv2dShape& s) {
  const int64_t tiles = s.batch * ((s.height + 3) / 4) * ((s.width + 3) / 4);
  // Measured against oneDNN's direct convolution (Zen 5, 2 cores, 64 to 512 channels): from 8 tiles
  // on, at least half of them filled, all passes are faster. With fewer the transformation of the
  // weights costs more than it saves.
  const bool pays = tiles >= 8 && 2 * s.batch * s.height * s.width >= 16 * tiles;
  return s.dtype == DType::f32 && s.kernel == 3 && s.stride == 1 && s.padding == 1 &&
         s.in_channels % 64 == 0 && s.out_channels % 64 == 0 && pays;
}

const Conv2dPasses* winograd_passes() {
  if (cpu_has_avx512()) return &kWinogradAvx512;
  return cpu_has_avx2() ? &kWinogradAvx2 : nullptr;
}

}  // namespace lanet
