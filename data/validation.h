// The part of a training set that is not trained on, to choose by.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace lanet {

/// Draws a share (0..0.5) of the samples for validation, class by class: of n_c samples of class c
/// the nearest whole number to share·n_c, but never all. Their positions, in ascending order. Each
/// sample has a lot, by the seed and its position alone, and the smallest lots of a class are
/// drawn: what is drawn is drawn at every higher share too.
std::vector<int32_t> draw_validation(std::span<const int32_t> labels, int num_classes, double share,
                                     uint64_t seed);

}  // namespace lanet
