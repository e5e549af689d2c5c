// Batch normalisation over ranks: the statistics of each rank's rows become those of all rows.
//   s_r = 1/inv_std_r² = var_r + ε
//   mean = Σ_r mean_r / ranks
//   var + ε = Σ_r s_r / ranks + Σ_r (mean_r − mean)² / ranks;  inv_std = 1/√(var + ε)
//   running = 0.9·old + 0.1·(mean, and var·n/(n − 1)), n = ranks·rows; of one row var itself
// Ranks need not send their variances: nothing but var + ε is used to normalise, and inv_std has it
// to rounding. What taking ε off loses of a variance far below ε no sum with ε would show.
#pragma once

#include <span>

#include "kernels/batch_norm/batch_norm.h"

namespace lanet {

/// All tensors of one dtype, f32 or f64: the accumulate_dtype of what is normalised. Sums run in
/// double and in the order of the ranks: each rank finds the same bits from the same inputs.
struct BatchNormCombineArgs {
  Tensor means;              // [ranks, C], as batch_norm_statistics left them on each rank
  Tensor inv_stds;           // [ranks, C]
  int64_t rows = 0;          // of each rank
  Tensor mean;               // [C], written
  Tensor inv_std;            // [C], written
  Tensor running_mean = {};  // [C], updated; both absent if not tracked
  Tensor running_var = {};
};
/// A group of up to kMaxBatchNorms of one shape and dtype, which on CUDA is one launch.
void batch_norm_combine(Context& context, std::span<const BatchNormCombineArgs> group);
inline void batch_norm_combine(Context& context, const BatchNormCombineArgs& args) {
  batch_norm_combine(context, std::span(&args, 1));
}

}  // namespace lanet
