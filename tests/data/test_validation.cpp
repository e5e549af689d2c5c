#include "data/validation.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "core/error.h"

namespace lanet::test {
namespace {

/// 100 samples of class 0, 10 of class 1, one of class 3; mixed.
std::vector<int32_t> example() {
  std::vector<int32_t> labels(100, 0);
  for (int i = 0; i < 10; ++i) labels.insert(labels.begin() + 7 * i, 1);
  labels.insert(labels.begin() + 50, 3);
  return labels;
}

std::vector<int32_t> drawn(double share, uint64_t seed = 1) {
  return draw_validation(example(), 4, share, seed);
}

int count_of(const std::vector<int32_t>& positions, int32_t label) {
  const std::vector<int32_t> labels = example();
  return static_cast<int>(std::count_if(positions.begin(), positions.end(), [&](int32_t position) {
    return labels[static_cast<size_t>(position)] == label;
  }));
}

}  // namespace

TEST_CASE("validation: each class gives its share, and keeps a sample") {
  const std::vector<int32_t> positions = drawn(0.16);
  CHECK(count_of(positions, 0) == 16);
  CHECK(count_of(positions, 1) == 2);
  CHECK(count_of(positions, 3) == 0);
  CHECK(count_of(drawn(0.5), 3) == 0);  // 0.5 of one sample is one to the nearest, but it is all
  CHECK(drawn(0).empty());
  CHECK(std::is_sorted(positions.begin(), positions.end()));
  CHECK(std::adjacent_find(positions.begin(), positions.end()) == positions.end());
}

TEST_CASE("validation: the seed draws, and a higher share has what a lower one has") {
  CHECK(drawn(0.2) == drawn(0.2));
  CHECK(drawn(0.2) != drawn(0.2, 2));
  const std::vector<int32_t> some = drawn(0.1), more = drawn(0.3);
  CHECK(std::includes(more.begin(), more.end(), some.begin(), some.end()));
}

TEST_CASE("validation: each sample is in one fold, and folds have equal sizes") {
  std::vector<int32_t> all;
  for (int64_t fold = 0; fold < 3; ++fold) {
    const std::vector<int32_t> part = draw_fold(32, fold, 3, 1);
    CHECK(std::ssize(part) == (fold < 2 ? 11 : 10));
    CHECK(std::is_sorted(part.begin(), part.end()));
    all.insert(all.end(), part.begin(), part.end());
  }
  std::sort(all.begin(), all.end());
  for (int32_t i = 0; i < 32; ++i) CHECK(all[i] == i);
  CHECK(draw_fold(32, 0, 3, 1) != draw_fold(32, 0, 3, 2));
  CHECK_THROWS_AS(draw_fold(32, 3, 3, 1), Error);
}

TEST_CASE("validation: arguments without meaning are refused") {
  CHECK_THROWS_AS(drawn(0.6), Error);
  CHECK_THROWS_AS(draw_validation(std::vector<int32_t>{0, 4}, 4, 0.1, 1), Error);
}

}  // namespace lanet::test
