// Some samples that stand for all.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace lanet {

/// Positions of at most `most` samples, in ascending order, all if there are no more; of each class
/// its share of them, up to one sample, spread evenly over its samples.
std::vector<int32_t> stratified_sample(std::span<const int32_t> labels, int64_t most);

}  // namespace lanet
