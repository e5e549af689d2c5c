// Definition of the operation; the contract is in batch_norm_combine.h.
#pragma once

#include <algorithm>
#include <cmath>

#include "kernels/batch_norm/batch_norm_combine.h"

namespace lanet {

template <typename A>
void batch_norm_combine_ref(const BatchNormCombineArgs& args) {
  const int64_t ranks = args.means.shape[0], channels = args.means.shape[1];
  const double n = static_cast<double>(ranks * args.rows);
  const A *means = args.means.as<A>(), *inv_stds = args.inv_stds.as<A>();
  for (int64_t c = 0; c < channels; ++c) {
    double mean = 0, spread = 0;  // spread: var + ε
    for (int64_t r = 0; r < ranks; ++r) mean += double(means[r * channels + c]);
    mean /= double(ranks);
    for (int64_t r = 0; r < ranks; ++r) {
      const double inv_std = double(inv_stds[r * channels + c]);
      const double difference = double(means[r * channels + c]) - mean;
      spread += 1 / (inv_std * inv_std) + difference * difference;
    }
    spread /= double(ranks);
    args.mean.as<A>()[c] = A(mean);
    args.inv_std.as<A>()[c] = A(1 / std::sqrt(spread));
    if (!args.running_mean) continue;
    const double unbiased = std::max(spread - kBatchNormEpsilon, 0.0) * n / std::max(1.0, n - 1);
    A &running_mean = args.running_mean.as<A>()[c], &running_var = args.running_var.as<A>()[c];
    running_mean = A((1 - kBatchNormMomentum) * running_mean + kBatchNormMomentum * mean);
    running_var = A((1 - kBatchNormMomentum) * running_var + kBatchNormMomentum * unbiased);
  }
}

}  // namespace lanet
