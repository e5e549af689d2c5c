// Definition of the operation; the contract is in label_bank.h.
#pragma once

#include <algorithm>

#include "kernels/label_bank.h"

namespace lanet {

template <typename A>
void label_bank_store_ref(const LabelBankStoreArgs& args) {
  const int64_t n = args.target.shape[0], classes = args.target.shape[1];
  const int32_t* sample = args.sample_indices.as<int32_t>();
  // In order, so that the last one's row stays.
  for (int64_t i = 0; i < n; ++i)
    std::copy_n(args.target.as<A>() + i * classes, classes,
                args.bank.as<A>() + sample[i] * classes);
}

}  // namespace lanet
