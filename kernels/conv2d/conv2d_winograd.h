// Convolution of 3x3 windows at stride 1 in float32 by Winograd's algorithm, for CPUs with AVX2 or
// AVX-512. A tile of 4x4 results takes 36 multiplications a pair of channels instead of 144. With
// A, B, G the matrices of F(4x4, 3x3) (Lavin and Gray, "Fast algorithms for convolutional neural
// networks", CVPR 2016), d the 6x6 input around a tile, g the 3x3 weights and ⊙ the product of
// elements, each summed over what the pass sums over:
//   y  = Aᵀ [ Σ (G g Gᵀ) ⊙ (Bᵀ d B) ] A,   dg = Gᵀ [ Σ (A dy Aᵀ) ⊙ (Bᵀ d B) ] G,
// and dx is the forward pass of dy with turned weights. Images are read and written as they are.
#pragma once

#include "kernels/conv2d/conv2d.h"

namespace lanet {

/// The passes of conv2d.h, with the same bits for any number of threads and either width of
/// vectors.
struct WinogradPasses {
  /// What each of the three passes needs of the workspace on this many threads.
  size_t (*workspace_bytes)(const Conv2dShape& shape, int threads);
  void (*forward)(Context& context, const Conv2dShape& shape, const Conv2dArgs& args);
  void (*backward_data)(Context& context, const Conv2dShape& shape,
                        const Conv2dBackwardDataArgs& args);
  void (*backward_weight)(Context& context, const Conv2dShape& shape,
                          const Conv2dBackwardWeightArgs& args);
};

/// Compiled for processors that this one need not be.
extern const WinogradPasses kWinogradAvx2, kWinogradAvx512;

/// True if this algorithm computes a convolution, and pays: from the shape alone, so that the same
/// program computes the same bits on the same machine.
bool winograd_serves(const Conv2dShape& shape);

/// The passes for this processor, or null: it has neither AVX2 with FMA nor AVX-512.
const WinogradPasses* winograd_passes();

}  // namespace lanet
