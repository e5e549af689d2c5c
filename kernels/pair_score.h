// The weight that each sample gives to each of its neighbours: a small network on the pair.
//   a_i = first half of h_i, b_j = second half of h_j, j = indices[i, k], h = fc_in(feature)
//   x0 = relu(W0·[a_i ; b_j] + bias0), x2 = relu(W2·x0 + bias2), z = W4·x2 + bias4
//   score[i, k] = softmax(z)[0] = σ(z[0] − z[1])
// (docs/design.md, "Label distribution") Only the chosen pairs are computed, and the fast path
// splits the first layer, W0·[a;b] = Wa·a + Wb·b, so that it runs once per sample
// (docs/design.md, "Equivalent forms").
#pragma once

#include "core/context.h"

namespace lanet {

/// All tensors of one dtype, f32 or f64; indices: i32, each in [0, N). D is a multiple of 4. Row r
/// of indices and scores belongs to sample i = first_row + r of the N whose h is here; R ≤ N.
/// Deterministic for a given number of threads. Needs pair_score_workspace_bytes.
struct PairScoreArgs {
  Tensor h;        // [N, D]
  Tensor indices;  // [R, K]
  Tensor weight0;  // [D/2, D]
  Tensor bias0;    // [D/2]
  Tensor weight2;  // [D/4, D/2]
  Tensor bias2;    // [D/4]
  Tensor weight4;  // [2, D/4]
  Tensor bias4;    // [2]
  Tensor scores;   // [R, K], written
  Tensor hidden0;  // [R*K, D/2], written: x0 of each pair, for the backward pass
  Tensor hidden2;  // [R*K, D/4], written: x2 of each pair, for the backward pass
  int64_t first_row = 0;
};
void pair_score(Context& context, const PairScoreArgs& args);

/// What the forward pass read and wrote, and dscores: [R, K]. Each gradient has the shape and dtype
/// of what it belongs to; a null one is not computed. dh of a sample gathers its own pairs (first
/// half) and every pair that chose it (second half), without atomics. What has no pair among those
/// of the R rows gets 0. So the gradients of ranges that make up all rows sum to those of one call.
struct PairScoreBackwardArgs {
  Tensor h, indices, weight0, weight2, weight4;
  Tensor scores, hidden0, hidden2;
  Tensor dscores;
  Gradient dh, dweight0, dbias0, dweight2, dbias2, dweight4, dbias4;
  int64_t first_row = 0;
};
void pair_score_backward(Context& context, const PairScoreBackwardArgs& args);

/// For n rows of d elements with k neighbours each: enough for both directions, and for any range
/// of the rows.
size_t pair_score_workspace_bytes(int64_t n, int64_t d, int64_t k, DType dtype);

}  // namespace lanet
