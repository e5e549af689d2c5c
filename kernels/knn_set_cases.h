// Sizes for the tests and the benchmark of knn_set.
#pragma once

#include <cstdint>

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

}  // namespace lanet
