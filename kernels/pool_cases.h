// Sizes for the test and the benchmark of max_pool and global_average_pool.
#pragma once

#include <cstdint>

namespace lanet {

struct PoolCase {
  int64_t batch, height, width, channels;
  bool bench = false;
};
inline constexpr PoolCase kPoolCases[] = {
    {1, 1, 1, 1},          {1, 2, 3, 2},
    {2, 5, 4, 3},          {1, 6, 7, 19},
    {2, 8, 8, 64},         {1, 9, 5, 100},
    {3, 7, 7, 513},        {8, 7, 7, 512, true},
    {8, 56, 56, 64, true}, {8, 112, 112, 64, true},
};

/// Images whose means are taken together: all with channels in packs of 128 bits, and some not.
inline constexpr PoolCase kPoolGroups[][4] = {
    {{2, 1, 1, 72}, {2, 8, 8, 64}, {2, 4, 5, 200}, {2, 3, 2, 8}},
    {{3, 5, 4, 65}, {3, 1, 1, 100}, {3, 7, 2, 3}, {3, 3, 2, 64}},
};

}  // namespace lanet
