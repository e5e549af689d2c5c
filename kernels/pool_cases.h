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

}  // namespace lanet
