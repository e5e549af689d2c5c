// Sizes and tensors for the tests and the benchmark of knn_set.
#pragma once

#include "core/owned_tensor.h"
#include "kernels/knn_set.h"

namespace lanet {

struct KnnSetCase {
  int64_t queries, n, d, k;
  int orientations = 1;
  bool bench = false;
};
// Faces of RAF-DB (12,271) and AffectNet (287,651) by the shape of 19 landmarks, and a batch by
// features among all of them. The whole of AffectNet takes a CPU a minute or more: queries are
// independent of each other, and a part of them shows the rate.
inline constexpr KnnSetCase kKnnSetCases[] = {
    {1, 1, 1, 1},
    {5, 4, 3, 8, 2},  // fewer rows than neighbours
    {17, 40, 38, 5, 2},
    {33, 300, 16, 50},  // more rows than a tile has
    {70, 131, 21, 33, 2},
    {3, 700, 5, 128, 2},  // more rows than a block looks through
    {12271, 12271, 38, 50, 1, true},
    {12271, 12271, 38, 50, 2, true},
    {2048, 287651, 38, 50, 2, true},
    {128, 12271, 512, 50, 1, true},
    {128, 287651, 512, 50, 1, true}};

/// What it reads and writes: a set with a few invalid rows, and queries of which every other one
/// claims to be a row of it.
struct KnnSetTensors {
  OwnedTensor queries, mirrored, set, valid, positions, indices, distances;
  bool two_orientations;

  KnnSetTensors(const KnnSetCase& c, DType dtype, Context& context = host_context())
      : two_orientations(c.orientations == 2) {
    queries = OwnedTensor::random(context, {c.queries, c.d}, dtype, 1);
    mirrored = OwnedTensor::random(context, {c.queries, c.d}, dtype, 2);
    set = OwnedTensor::random(context, {c.n, c.d}, dtype, 3);
    valid = OwnedTensor(context, {c.n}, DType::u8,
                        [](int64_t j) { return j % 7 == 3 ? 0 : 1 + j % 3; });
    positions = OwnedTensor(context, {c.queries}, DType::i32,
                            [&](int64_t i) { return i % 2 == 0 ? i * 5 % c.n : -1; });
    indices = OwnedTensor(context, {c.queries, c.k}, DType::i32);
    distances = OwnedTensor(context, {c.queries, c.k}, dtype);
  }
  std::vector<OwnedTensor*> all() {
    return {&queries, &mirrored, &set, &valid, &positions, &indices, &distances};
  }
  int64_t num_queries() const { return queries.shape()[0]; }
  int64_t n() const { return set.shape()[0]; }
  int64_t d() const { return set.shape()[1]; }
  int64_t k() const { return indices.shape()[1]; }
  size_t workspace_bytes(const Context& context) const {
    return knn_set_workspace_bytes(context, num_queries(), n(), d(), k(), two_orientations ? 2 : 1,
                                   set.dtype());
  }
  KnnSetArgs args() const {
    return {.queries = queries,
            .mirrored = two_orientations ? mirrored.tensor() : Tensor{},
            .set = set,
            .valid = valid,
            .positions = positions,
            .indices = indices,
            .distances = distances};
  }
};

}  // namespace lanet
