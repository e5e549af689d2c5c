// Definition of the operation; the contract is in info_nce.h.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/info_nce.h"

namespace lanet {

/// ln(1 + e^x), without overflow; 0 at −∞.
template <typename A>
A softplus(A x) {
  return std::max(x, A(0)) + std::log1p(std::exp(-std::abs(x)));
}

/// T: type of q and k, B: type of the bank. negatives: [M], slopes: [N] and gradient: [d] are
/// scratch.
template <typename T, typename B, typename A = accumulate_t<T>>
void info_nce_ref(const InfoNceArgs& args, A* negatives, A* slopes, A* gradient) {
  const int64_t queries = args.q.shape[0], keys = args.k.shape[0], width = args.q.shape[1];
  const int64_t rows = args.bank.shape[0];
  const T* k = args.k.as<T>();
  const B* bank = args.bank.as<B>();
  const int32_t* labels = args.labels.as<int32_t>();
  const int32_t* bank_labels = args.bank_labels.as<int32_t>();
  const A infinity = std::numeric_limits<A>::infinity();
  A loss = 0;
  for (int64_t i = 0; i < queries; ++i) {
    const int32_t label = labels[args.first_row + i];
    const T* q = args.q.as<T>() + i * width;
    auto logit = [&](const auto* other) {
      A sum = 0;
      for (int64_t c = 0; c < width; ++c) sum += A(q[c]) * A(other[c]);
      return sum / A(args.temperature);
    };
    A largest = -infinity, total = 0;
    for (int64_t m = 0; m < rows; ++m) {
      negatives[m] = bank_labels[m] == label ? -infinity : logit(bank + m * width);
      largest = std::max(largest, negatives[m]);
    }
    for (int64_t m = 0; m < rows; ++m) {  // from logits to e^(logit − largest): P, times total
      negatives[m] = negatives[m] == -infinity ? A(0) : std::exp(negatives[m] - largest);
      total += negatives[m];
    }
    const A log_negatives = largest + std::log(total);  // G_i; −∞ without negatives

    const int64_t positives = std::count(labels, labels + keys, label);
    const A weight = 1 / A(queries * positives);
    A slope_sum = 0;
    for (int64_t j = 0; j < keys; ++j) {
      slopes[j] = 0;
      if (labels[j] != label) continue;
      const A x = log_negatives - logit(k + j * width);
      loss += weight * softplus(x);
      slopes[j] = weight / (1 + std::exp(-x));
      slope_sum += slopes[j];
    }
    if (!args.dq) continue;
    std::fill_n(gradient, width, A(0));
    for (int64_t j = 0; j < keys; ++j)
      for (int64_t c = 0; c < width; ++c) gradient[c] -= slopes[j] * A(k[j * width + c]);
    for (int64_t m = 0; m < rows; ++m) {
      if (negatives[m] == 0) continue;
      const A slope = slope_sum * (negatives[m] / total);
      for (int64_t c = 0; c < width; ++c) gradient[c] += slope * A(bank[m * width + c]);
    }
    for (int64_t c = 0; c < width; ++c)
      write_gradient(args.dq.tensor.as<T>()[i * width + c],
                     A(args.scale) * gradient[c] / A(args.temperature), args.dq.add);
  }
  write_gradient(*args.loss.as<A>(), loss, args.add_loss);
}

}  // namespace lanet
