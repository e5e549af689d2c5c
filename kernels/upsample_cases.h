// Sizes for the test and the benchmark of upsample_2x: the small image.
#pragma once

#include <cstdint>

namespace lanet {

struct UpsampleCase {
  int64_t batch, height, width, channels;
  bool bench = false;
};
inline constexpr UpsampleCase kUpsampleCases[] = {
    {1, 1, 1, 1},          {1, 1, 2, 3},          {2, 3, 2, 2},        {1, 4, 5, 19},
    {1, 3, 2, 24},         {2, 7, 7, 64},         {8, 7, 7, 19, true}, {8, 28, 28, 19, true},
    {8, 28, 28, 24, true}, {8, 28, 28, 64, true},
};

}  // namespace lanet
