#include "data/stratified_sample.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>

namespace lanet::test {

using Numbers = std::vector<int32_t>;

TEST_CASE("stratified sample: all samples where there are no more than asked for") {
  const Numbers labels = {2, 0, 2, 1};
  CHECK(stratified_sample(labels, 4) == Numbers{0, 1, 2, 3});
  CHECK(stratified_sample(labels, 100) == Numbers{0, 1, 2, 3});
  CHECK(stratified_sample({}, 5).empty());
  CHECK(stratified_sample(labels, 0).empty());
}

TEST_CASE("stratified sample: of each class its share, spread over its samples") {
  Numbers labels;
  for (int i = 0; i < 1000; ++i) labels.push_back(i % 10 < 7 ? 0 : i % 10 < 9 ? 1 : 2);
  const Numbers sample = stratified_sample(labels, 100);
  REQUIRE(sample.size() == 100);
  CHECK(std::adjacent_find(sample.begin(), sample.end(), std::greater_equal<>()) == sample.end());
  std::array<int, 3> counts = {}, early = {};
  for (const int32_t face : sample) {
    ++counts.at(labels[face]);
    early.at(labels[face]) += face < 500;
  }
  CHECK(counts == std::array{70, 20, 10});
  CHECK(early == std::array{35, 10, 5});
}

}  // namespace lanet::test
