#include "core/xxh64.h"

#include <doctest/doctest.h>

#include <vector>

namespace lanet::test {

TEST_CASE("xxh64: the values that the xxHash library gives, for every way to end") {
  std::vector<unsigned char> bytes(101);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<unsigned char>(i * 7 + 1);
  struct Known {
    size_t bytes;
    uint64_t plain, seeded;
  };
  for (const Known& known : {Known{0, 0xef46db3751d8e999, 0x5a165a1e76ab9ee8},
                             {1, 0x8a4127811b21e730, 0x21ed90c0f70a79c7},
                             {3, 0xb6e6c910c2fd373a, 0xdf9f3685ea7e65f3},
                             {4, 0x22eda2cf6af4c124, 0x180d7581c1a7f0e7},
                             {8, 0xc6f1803a5e0b3222, 0x80186f127f647cfa},
                             {31, 0x6ab1c40e29f50073, 0xbd5df88e3ab1da84},
                             {32, 0x5a0756fbe9ecd3d1, 0x5e6812ce153435b4},
                             {33, 0xdc50cdc37bb9c183, 0x9b914a13881d3123},
                             {63, 0x10dd94885c71894a, 0x67c755b27c901ae2},
                             {64, 0x90083da9cdb9d795, 0xd7dac0ccd0f46ea4},
                             {101, 0x6bf452176f29bc13, 0x0c8f56eaef60ef99}}) {
    CAPTURE(known.bytes);
    CHECK(xxh64(bytes.data(), known.bytes) == known.plain);
    CHECK(xxh64(bytes.data(), known.bytes, 12345678901234567890u) == known.seeded);
  }
}

}  // namespace lanet::test
