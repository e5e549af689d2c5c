// What tests against Pillow share: its results, and the pictures it was given.
#pragma once

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/files.h"
#include "tests/op_test.h"

namespace lanet::test {

/// tests/fixtures/pillow.json, as make_pillow.py beside it wrote it.
inline const nlohmann::json& pillow() {
  static const nlohmann::json results = [] {
    std::ifstream file(tests_folder() / "fixtures/pillow.json");
    REQUIRE(file);
    return nlohmann::json::parse(file);
  }();
  return results;
}

/// u8 [height, width, 3]: pattern() of make_pillow.py.
inline OwnedTensor pattern(int64_t width, int64_t height) {
  OwnedTensor image({height, width, 3}, DType::u8);
  image.fill([&](int64_t i) {
    const int64_t c = i % 3, x = i / 3 % width, y = i / 3 / width;
    return static_cast<double>((x * x * 7 + y * y * 13 + x * y * (c + 3) + 31 * c) % 256);
  });
  return image;
}

/// The largest difference in grey levels from a list of Pillow's.
template <typename Levels>
int level_error(const Levels& ours, const nlohmann::json& theirs) {
  REQUIRE(ours.size() == theirs.size());
  int largest = 0;
  for (size_t i = 0; i < ours.size(); ++i)
    largest = std::max(largest, std::abs(static_cast<int>(ours[i]) - theirs[i].get<int>()));
  return largest;
}

}  // namespace lanet::test
