// The contrastive loss between queries of one space and keys of the other, value and gradient in
// one pass.
//   G_i = logsumexp over {m : Y_m ≠ y_i} of q_i·b_m/τ, S_ij = q_i·k_j/τ
//   n_i = |{j : y_j = y_i}|, j = i included, i one of the R queries and j one of the N keys
//   loss = Σ over {i, j : y_j = y_i} of softplus(G_i − S_ij) / (R·n_i)
//   a_ij = [y_j = y_i]·σ(G_i − S_ij) / (R·n_i), P_im = exp(q_i·b_m/τ − G_i) where Y_m ≠ y_i, else 0
//   dq_i = scale·(−Σ_j a_ij·k_j + (Σ_j a_ij)·Σ_m P_im·b_m)/τ
// (docs/design.md, "Contrastive loss", in the form of docs/design.md, "Equivalent forms") Only q
// has a gradient.
#pragma once

#include <climits>

#include "core/context.h"
#include "kernels/hyperparameter.h"

namespace lanet {

/// The label of a bank row that matches no sample: it is a negative for every query.
constexpr int32_t kNoLabel = INT_MIN;

/// q and k: f32, bf16 or f64, one dtype; bank: that dtype or bf16. Logits, sums, softplus and
/// logsumexp in accumulate_dtype(q). No label of the batch is kNoLabel. A row whose bank rows all
/// carry its own label has no negatives and contributes 0 to loss and gradient. q and dq must not
/// overlap. Row r of q belongs to sample i = first_row + r of the batch of N; R ≤ N. The losses of
/// ranges that make up the batch, weighted by R / N, sum to that of one call, and their dq,
/// weighted alike, are its rows. Deterministic for a given number of threads. Needs
/// info_nce_workspace_bytes.
struct InfoNceArgs {
  Tensor q;            // [R, d]
  Tensor k;            // [N, d]
  Tensor bank;         // [M, d]
  Tensor labels;       // i32 [N], y
  Tensor bank_labels;  // i32 [M], Y
  Tensor loss;         // [1] in accumulate_dtype(q): set, or added to with add_loss
  Gradient dq;         // [R, d] in q's dtype; null: no gradient is wanted
  double temperature = kNotGiven;
  double scale = 1;       // multiplies the gradient, not the value
  bool add_loss = false;  // for the second of the two directions
  int64_t first_row = 0;
};
void info_nce(Context& context, const InfoNceArgs& args);

/// For `queries` rows of `width` elements against `keys` and `bank_rows`; dtype is q's. Enough on
/// every device of this build; on CUDA 4.8 MB for 128 queries and keys, 8192 rows of 64 elements in
/// f32.
size_t info_nce_workspace_bytes(int64_t queries, int64_t keys, int64_t width, int64_t bank_rows,
                                DType dtype);

}  // namespace lanet
