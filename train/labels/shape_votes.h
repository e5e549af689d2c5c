// What the shape of a face says about its class by a vote of the faces with the nearest shapes: the
// alternative that shape networks (train/labels/shape_posterior.h) are compared with.
#pragma once

#include <span>
#include <vector>

#include "core/context.h"
#include "data/landmark_shapes.h"

namespace lanet {

struct ShapeVoteOptions {
  int64_t neighbours = 50;  ///< K
  int64_t group = 0;        ///< faces vote within random groups of this size; 0: the whole set
  uint64_t seed = 0;        ///< of the groups
};

/// [N, C], for each face with valid ≠ 0 the q that makes the given labels of its K nearest shapes,
/// mirrored or not and without its own, most likely: Σ_k log Σ_y q(y)·channel[y][g_k], by EM, with
/// kLeastVote more for each class. 0 where valid is 0; uniform for a face that has no neighbour.
std::vector<double> shape_votes(Context& context, const LandmarkShapes& shapes,
                                std::span<const uint8_t> valid, std::span<const int32_t> given,
                                const std::vector<double>& channel,
                                const ShapeVoteOptions& options);

/// [N], for each face with valid ≠ 0 the share of its `k` nearest shapes, mirrored or not and
/// without its own, that have its given label; NaN for other faces, and where there is no
/// neighbour.
std::vector<double> shape_agreement(Context& context, const LandmarkShapes& shapes,
                                    std::span<const uint8_t> valid, std::span<const int32_t> given,
                                    int64_t k);

constexpr double kLeastVote = 1e-3;

}  // namespace lanet
