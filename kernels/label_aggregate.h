// The label distribution of every sample of a batch, from its neighbours and from its history.
//   p_j = softmax(logits_j)
//   ŵ_ij = (w_ij + ε/N) / (Σ_j w_ij + ε), w_ij = score of j if j is a neighbour of i, else 0
//   d(i) = Σ_j ŵ_ij·p_j over all j of the batch, i included
//        = (Σ_k w_ik·p_k + ε·mean_j p_j) / (Σ_k w_ik + ε), k over the neighbours of i
//   t_i = (d_expression(i) + d_landmark(i)) / 2
//   T_i = momentum·bank[sample_i] + (1 − momentum)·t_i
// (design: LA-Net part 2, steps 3 and 4 and what follows them.) T is not detached: its gradient
// goes to the scores and to the logits; none goes to the bank.
#pragma once

#include "core/context.h"

namespace lanet {

constexpr double kLabelAggregateEpsilon = 1e-8;

/// Scores, logits, bank, probabilities and target of one dtype, f32 or f64; indices and
/// sample_indices i32. A sample may stand in the batch twice. The bank is only read: T goes there
/// by label_bank_store. Deterministic for any number of threads.
struct LabelAggregateArgs {
  Tensor scores_expression;   // [N, K]
  Tensor indices_expression;  // [N, K], positions in the batch, each in [0, N)
  Tensor scores_landmark;     // [N, K]
  Tensor indices_landmark;    // [N, K]
  Tensor logits;              // [N, C]
  Tensor sample_indices;      // [N], rows of the bank
  Tensor bank;                // [samples, C], read
  Tensor probabilities;       // [N, C], written: softmax(logits), for the backward pass
  Tensor target;              // [N, C], written: T
  double bank_momentum = 0.9;
};
void label_aggregate(Context& context, const LabelAggregateArgs& args);

/// probabilities as the forward pass left them; dtarget: [N, C]. A null gradient is not computed.
/// Needs label_aggregate_workspace_bytes.
struct LabelAggregateBackwardArgs {
  Tensor scores_expression, indices_expression;
  Tensor scores_landmark, indices_landmark;
  Tensor probabilities;
  Tensor dtarget;
  Gradient dscores_expression, dscores_landmark;  // [N, K]
  Gradient dlogits;                               // [N, C]
  double bank_momentum = 0.9;
};
void label_aggregate_backward(Context& context, const LabelAggregateBackwardArgs& args);

/// For the backward pass over n rows of c classes.
size_t label_aggregate_workspace_bytes(int64_t n, int64_t c, DType dtype);

#ifdef LANET_HAVE_CUDA
void label_aggregate_cuda(Context& context, const LabelAggregateArgs& args);
void label_aggregate_backward_cuda(Context& context, const LabelAggregateBackwardArgs& args);
#endif

}  // namespace lanet
