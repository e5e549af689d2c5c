// What the CUDA sources of augment share: pixels, colour steps, and what passes between launches.
#pragma once

#include "core/cuda/device.cuh"
#include "core/cuda/launch.h"
#include "kernels/augment.h"
#include "kernels/augment_cuda.h"

namespace lanet {

/// The parts of the workspace.
struct AugmentBuffers {
  uint32_t* levels;    // [B, S, S]: pictures before the contrast step, red in the lowest byte
  void* taps;          // of each column and row
  int32_t* grey_sums;  // [B, strips]: of the levels
};

/// Fills the buffers and landmarks_out, which is in A.
template <typename A>
void augment_crop_cuda(cudaStream_t stream, const AugmentArgs& args, const AugmentBuffers& buffers);

/// A grid with one block per tile: tiles across, tiles down, pictures.
inline dim3 augment_tiles(int64_t size, int64_t batch) {
  return {cuda::blocks_for(size, AugmentCudaLayout::kTileWidth),
          cuda::blocks_for(size, AugmentCudaLayout::kTileHeight), cuda::blocks_for(batch, 1)};
}

/// A whole number in [0, 2^22) from x: rounded down by the addition, since a conversion to an
/// integer takes as long as eight additions.
__device__ inline float rounded_down(float x) {
  constexpr float kWholeNumbers = 1 << 23;
  return __fadd_rd(x, kWholeNumbers) - kWholeNumbers;
}

/// The grey levels of a pixel: floats that hold whole numbers, so that sums are exact.
struct Pixel {
  float level[3];

  __device__ static Pixel unpacked(uint32_t word) {
    return {{static_cast<float>(word & 255), static_cast<float>(word >> 8 & 255),
             static_cast<float>(word >> 16 & 255)}};
  }
  __device__ uint32_t packed() const {
    return static_cast<uint32_t>(level[0]) | static_cast<uint32_t>(level[1]) << 8 |
           static_cast<uint32_t>(level[2]) << 16;
  }
  /// Pillow's conversion to grey. The sum stays below 2^24.
  __device__ float grey() const {
    return rounded_down((19595 * level[0] + 38470 * level[1] + 7471 * level[2] + 32768) *
                        (1.0f / 65536));
  }
};

/// Pillow's blend of two grey levels; product and sum are each rounded.
__device__ inline float blended(float degenerate, float level, float factor) {
  const float product = __fmul_rn(level - degenerate, factor);
  const float sum = __fadd_rn(degenerate, product);
  return rounded_down(min(max(sum, 0.0f), 255.0f));
}

/// One colour step of a picture.
struct Blend {
  bool with_own_grey;
  float degenerate, factor;

  /// The step in place s. mean_grey: the picture's, read by the contrast.
  __device__ Blend(const AugmentParameters& p, int s, float mean_grey)
      : with_own_grey(p.order[s] == static_cast<int32_t>(ColourStep::saturation)),
        degenerate(p.order[s] == static_cast<int32_t>(ColourStep::contrast) ? mean_grey : 0),
        factor(p.factor[p.order[s]]) {}

  __device__ void apply(Pixel& pixel) const {
    const float other = with_own_grey ? pixel.grey() : degenerate;
#pragma unroll
    for (int c = 0; c < 3; ++c) pixel.level[c] = blended(other, pixel.level[c], factor);
  }
};

/// The place of a colour step.
__device__ inline int place_of(ColourStep step, const AugmentParameters& p) {
  const int32_t wanted = static_cast<int32_t>(step);
  return p.order[0] == wanted ? 0 : p.order[1] == wanted ? 1 : 2;
}

}  // namespace lanet
