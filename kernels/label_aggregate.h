// The label distributions of samples of a batch, from their neighbours and from their history.
//   p_j = softmax(logits_j)
//   ŵ_ij = (w_ij + ε/N) / (Σ_j w_ij + ε), w_ij = score of j if j is a neighbour of i, else 0
//   d(i) = Σ_j ŵ_ij·p_j over all N samples j of the batch, i included
//        = (Σ_k w_ik·p_k + ε·mean_j p_j) / (Σ_k w_ik + ε), k over the neighbours of i
//   t_i = (d_expression(i) + d_landmark(i)) / 2
//   T_i = momentum·bank[sample_i] + (1 − momentum)·t_i
// (docs/design.md, "Label distribution") T is not detached: its gradient goes to the scores and to
// the logits; none goes to the bank.
// i takes R rows of the batch, as many as there are scores for: all, or those of one of the ranks
// that share it. No row's result depends on which others are taken.
#pragma once

#include "core/context.h"
#include "kernels/hyperparameter.h"

namespace lanet {

constexpr double kLabelAggregateEpsilon = 1e-8;

/// Scores, logits, bank, probabilities and target of one dtype, f32 or f64; indices and
/// sample_indices i32. A sample may stand in the batch twice. The bank is only read: T goes there
/// by label_bank_store. Deterministic for any number of threads.
struct LabelAggregateArgs {
  Tensor scores_expression;   // [R, K], R ≤ N
  Tensor indices_expression;  // [R, K], positions in the batch, each in [0, N)
  Tensor scores_landmark;     // [R, K]
  Tensor indices_landmark;    // [R, K]
  Tensor logits;              // [N, C]
  Tensor sample_indices;      // [R], rows of the bank
  Tensor bank;                // [samples, C], read
  Tensor probabilities;       // [N, C], written: softmax(logits), for the backward pass
  Tensor target;              // [R, C], written: T
  double bank_momentum = kNotGiven;
};
void label_aggregate(Context& context, const LabelAggregateArgs& args);

/// probabilities as the forward pass left them; dtarget: [R, C]. dlogits has what the R targets
/// give to the logits of all N: the sum over ranks is the whole. A null gradient is not computed.
/// Needs label_aggregate_workspace_bytes.
struct LabelAggregateBackwardArgs {
  Tensor scores_expression, indices_expression;
  Tensor scores_landmark, indices_landmark;
  Tensor probabilities;
  Tensor dtarget;
  Gradient dscores_expression, dscores_landmark;  // [R, K]
  Gradient dlogits;                               // [N, C]
  double bank_momentum = kNotGiven;
};
void label_aggregate_backward(Context& context, const LabelAggregateBackwardArgs& args);

/// For the backward pass over a batch of n with c classes.
size_t label_aggregate_workspace_bytes(int64_t n, int64_t c, DType dtype);

}  // namespace lanet
