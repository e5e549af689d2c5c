// The K nearest neighbours of every row of a batch by cosine similarity.
//   similarity(i, j) = x_i·x_j / (max(‖x_i‖, 1e-12)·max(‖x_j‖, 1e-12)),  j ≠ i
// (docs/design.md, "Label distribution") No gradient passes through the choice.
#pragma once

#include "core/context.h"

namespace lanet {

constexpr double kKnnNormFloor = 1e-12;

/// features: [N, D], f32, bf16 or f64. indices: i32 [R, k]: row r has the k largest similarities of
/// row i = first_row + r of the features to the other N − 1, the largest first; of equal ones the
/// lower index first, also in the fast path: rows that are equal bit for bit are equally similar.
/// A range of rows gives, bit for bit, what a call over all N has there. N ≥ k + 1. Sums in
/// accumulate_dtype. Deterministic for any number of threads. Needs knn_workspace_bytes.
struct KnnArgs {
  Tensor features;
  Tensor indices;
  int64_t k = 0;  // has no default: 0 is refused
  int64_t first_row = 0;
};
void knn(Context& context, const KnnArgs& args);

/// Enough for any range of n rows.
size_t knn_workspace_bytes(int64_t n, int64_t d, DType dtype);

}  // namespace lanet
