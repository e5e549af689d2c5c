#include "core/arena.h"

#include <algorithm>
#include <numeric>

#include "core/round_up.h"

namespace lanet {

size_t assign_offsets(std::vector<Lifetime>& lifetimes) {
  std::vector<size_t> order(lifetimes.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return lifetimes[a].bytes > lifetimes[b].bytes; });
  size_t total = 0;
  std::vector<const Lifetime*> placed;  // by offset
  for (const size_t i : order) {
    Lifetime& piece = lifetimes[i];
    const size_t bytes = round_up(piece.bytes, kArenaAlignment);
    size_t offset = 0;
    for (const Lifetime* other : placed) {
      if (other->last < piece.first || piece.last < other->first) continue;  // never alive together
      if (offset + bytes <= other->offset) break;  // fits in the gap before it
      offset = std::max(offset, other->offset + round_up(other->bytes, kArenaAlignment));
    }
    piece.offset = offset;
    total = std::max(total, offset + bytes);
    placed.insert(std::upper_bound(
                      placed.begin(), placed.end(), &piece,
                      [](const Lifetime* a, const Lifetime* b) { return a->offset < b->offset; }),
                  &piece);
  }
  return total;
}

}  // namespace lanet
