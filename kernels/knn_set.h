// The k nearest rows of a set for each query, by Euclidean distance: all pairs are compared.
//   distance(i, j) = min over the orientations x of query i of ‖x − set_j‖²
// (docs/design.md, "The shape network") A face and its mirror image have one expression: the
// queries can be given in both orientations. No gradient passes through the choice.
#pragma once

#include <limits>

#include "core/context.h"

namespace lanet {

constexpr int64_t kKnnSetMaxNeighbours = 128;

/// Row i of the outputs is of query i: its k nearest rows of the set, the nearest first, of equally
/// near ones the lower index first, with their squared distances. Fewer than k candidates: the rest
/// of the row is index −1 and distance +∞. Candidates are the rows that are valid, that are not the
/// query itself, and whose distance is a finite number: a row with NaN in it is nobody's neighbour.
///
/// Floating tensors are of one dtype: f32, or f64, which only the CPU has (the definition).
/// In f32 the distance is ‖x‖² + ‖s‖² − 2·x·s, 0 if that is negative, where each of the three is
/// one chain of fused multiply-adds over the columns in order. So it depends on the two rows alone,
/// not on where they are, on the other queries, on the number of threads or on the device: a part
/// of the queries gets, bit for bit, what a call over all has there (N ranks that share the queries
/// find what one rank finds), equal rows are equally near, and a row is 0 from itself. Its rounding
/// error is at most (D + 2)·2⁻²⁴·(‖x‖ + ‖s‖)²: rows that are near each other and far from the
/// origin lose digits, so the set should be centred.
///
/// Needs knn_set_workspace_bytes, which grows with the queries by about as much as their outputs; a
/// large set of queries can be passed in parts. k: 1 to kKnnSetMaxNeighbours.
struct KnnSetArgs {
  Tensor queries;         // [Q, D]
  Tensor mirrored = {};   // [Q, D], the queries in their second orientation; absent: they have one
  Tensor set;             // [N, D]
  Tensor valid = {};      // u8 [N], 0: nobody's neighbour; absent: all are valid
  Tensor positions = {};  // i32 [Q], the row of the set that is the query itself, −1: none is;
                          // absent: none of the queries is in the set
  Tensor indices;         // i32 [Q, k]
  Tensor distances;       // [Q, k]
};
void knn_set(Context& context, const KnnSetArgs& args);

/// For `queries` rows of width d among n rows; orientations: 1, or 2 with mirrored queries.
size_t knn_set_workspace_bytes(const Context& context, int64_t queries, int64_t n, int64_t d,
                               int64_t k, int orientations, DType dtype);

}  // namespace lanet
