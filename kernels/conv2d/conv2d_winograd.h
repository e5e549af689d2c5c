// Convolution of 3x3 windows at stride 1 in float32 by Winograd's algorithm, for CPUs with AVX2 or
// AVX-512. A tile of 4x4 results takes 36 multiplications a pair of channels instead of 144. With
// A, B, G the matrices of F(4x4, 3x3) (Lavin and Gray, "Fast algorithms for convolutional neural
// networks", CVPR 2016), d the 6x6 input around a tile, g the 3x3 weights and ⊙ the product of
// elements, each summed over what the pass sums over:
//   y  = Aᵀ [ Σ (G g Gᵀ) ⊙ (Bᵀ d B) ] A,   dg = Gᵀ [ Σ (A dy Aᵀ) ⊙ (Bᵀ d B) ] G,
// and dx is the forward pass of dy with turned weights.
#pragma once

#include "kernels/conv2d/conv2d_passes.h"

namespace lanet {

/// The passes for processors that this one need not be, with the same bits for any number of
/// threads and either width of vectors.
extern const Conv2dPasses kWinogradAvx2, kWinogradAvx512;

/// True if this algorithm computes a convolution, and pays: from the shape alone, so that the same
/// program computes the same bits on the same machine.
bool winograd_serves(const Conv2dShape& shape);

/// The passes for this processor, or null: it has neither AVX2 with FMA nor AVX-512.
const Conv2dPasses* winograd_passes();

}  // namespace lanet
