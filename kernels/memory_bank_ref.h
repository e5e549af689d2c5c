// Definition of the operation; the contract is in memory_bank.h.
#pragma once

#include "kernels/memory_bank.h"

namespace lanet {

/// T: the keys' type, B: the banks'.
template <typename T, typename B>
void memory_bank_enqueue_ref(const EnqueueArgs& args) {
  using A = accumulate_t<T>;
  const int64_t batch = args.keys_expression.shape[0], width = args.keys_expression.shape[1];
  const int64_t bank_rows = args.bank_labels.shape[0];
  int32_t& pointer = *args.pointer.as<int32_t>();
  for (int64_t i = 0; i < batch; ++i) {
    const int64_t row = (pointer + i) % bank_rows;
    for (int64_t c = 0; c < width; ++c) {
      args.bank_expression.as<B>()[row * width + c] =
          B(A(args.keys_expression.as<T>()[i * width + c]));
      args.bank_landmark.as<B>()[row * width + c] = B(A(args.keys_landmark.as<T>()[i * width + c]));
    }
    args.bank_labels.as<int32_t>()[row] = args.labels.as<int32_t>()[i];
  }
  pointer = static_cast<int32_t>((pointer + batch) % bank_rows);
}

}  // namespace lanet
