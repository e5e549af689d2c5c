// The progressively balanced sampler: from the classes' own shares in the first epoch to nearly
// equal shares in the last. docs/design.md, "Sampler".
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/rng.h"

namespace lanet {

/// Brings `count` of the values, drawn at random without repetition, to the front (Fisher-Yates);
/// all of them: a shuffle.
void shuffle_front(std::span<int32_t> values, size_t count, RandomStream& stream);

/// How often each class is visited in epoch t = `epoch` of E = `epochs` (0 ≤ t < E), for a training
/// set with class_sizes[c] = n_c samples of class c, N altogether and C classes that have samples:
///   num_c = ceil(((E − t)·n_c·C + t·N) / (E·C)), in integers;
/// the last class that has samples gets what is left of N. Should the roundings up of the others
/// exceed N, as with many tiny classes, the last class gets 0, and the excess is taken from the
/// class with the most visits (the first of equals), one by one. The sum is N; empty classes get 0.
std::vector<int64_t> epoch_class_counts(std::span<const int64_t> class_sizes, int epoch,
                                        int epochs);

/// The N samples visited in an epoch, in order. Each sample of class c occurs floor(num_c / n_c)
/// times, num_c mod n_c distinct ones of them once more, drawn at random; then one shuffle over
/// all. Depends on the arguments alone. `labels` are the noisy ones, each in [0, num_classes). The
/// last incomplete batch is dropped by the caller.
std::vector<int32_t> epoch_order(std::span<const int32_t> labels, int num_classes, int epoch,
                                 int epochs, uint64_t seed);

}  // namespace lanet
