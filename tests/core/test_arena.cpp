#include "core/arena.h"

#include <doctest/doctest.h>

#include "core/rng.h"

namespace lanet::test {

TEST_CASE("arena: pieces alive at the same step never overlap, and dead ones share memory") {
  for (uint32_t trial = 0; trial < 50; ++trial) {
    RandomStream random(trial, Purpose::test);
    std::vector<Lifetime> pieces(1 + random.below(40));
    for (auto& p : pieces) {
      p.bytes = 1 + random.below(5000);
      p.first = static_cast<int>(random.below(30));
      p.last = p.first + static_cast<int>(random.below(10));
    }
    const size_t total = assign_offsets(pieces);
    for (size_t i = 0; i < pieces.size(); ++i) {
      CHECK(pieces[i].offset % kArenaAlignment == 0);
      CHECK(pieces[i].offset + pieces[i].bytes <= total);
      for (size_t j = 0; j < i; ++j) {
        const auto &a = pieces[i], &b = pieces[j];
        const bool together = a.first <= b.last && b.first <= a.last;
        const bool apart = a.offset + a.bytes <= b.offset || b.offset + b.bytes <= a.offset;
        CHECK((!together || apart));
      }
    }
  }
}

TEST_CASE("arena: a chain needs the memory of its two largest neighbours only") {
  std::vector<Lifetime> chain;
  for (int i = 0; i < 100; ++i) chain.push_back({1024, i, i + 1});
  CHECK(assign_offsets(chain) == 2 * 1024);
}

}  // namespace lanet::test
