// Parts of a training set that are not trained on: to choose by, or to be judged by a network that
// has not seen them.
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

/// The samples of one of `folds` equal parts, drawn at random, in ascending order. fold: from 0.
std::vector<int32_t> draw_fold(int64_t samples, int64_t fold, int64_t folds, uint64_t seed);

}  // namespace lanet
