// Numbers by formula: the inputs and weights of the golden files, so that none need be stored.
#pragma once

#include <string_view>
#include <vector>

#include "core/tensor.h"

namespace lanet {

/// Element i (row-major, from 0) is lo + (hi − lo)·u, u in [0, 1) a multiple of 2^-24: the upper 24
/// bits of SplitMix64's output number i, seeded with the FNV-1a hash of `name`.
std::vector<double> golden_fill(std::string_view name, int64_t elements, double lo, double hi);

/// The same into a host tensor of any floating dtype, rounded to it.
void golden_fill(std::string_view name, const Tensor& out, double lo, double hi);

}  // namespace lanet
