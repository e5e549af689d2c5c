#include "kernels/knn_set_cpu.h"

#include <omp.h>

#include <algorithm>
#include <bit>
#include <limits>

#include "core/round_up.h"
#include "kernels/cpu_features.h"

namespace lanet {

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kLargest = std::numeric_limits<float>::max();
constexpr int64_t kPanel = 16;  // queries that are multiplied together, a lane each

/// Orders candidates: distances are not negative, so their bits order as they do; of equal ones the
/// lower index is before. kNobody is behind all.
uint64_t key_of(float distance, int64_t index) {
  return uint64_t{std::bit_cast<uint32_t>(distance)} << 32 | static_cast<uint64_t>(index);
}
constexpr uint64_t kNobody = ~uint64_t{0};

/// How the work is shared out: items of a block of queries and a chunk of the set. What is found
/// does not depend on it.
struct Layout {
  int64_t panels;  // of a block of queries
  int64_t blocks, chunks, chunk_rows;
  int64_t capacity;    // candidates that a query collects before all but the k nearest are dropped
  size_t set_squares;  // [N]
  size_t found;        // keys [Q, chunks, k]
  // Of each thread, from `threads` on, thread_bytes apart:
  size_t packed;      // [orientations, panels, D, kPanel]
  size_t squares;     // [orientations, panels, kPanel]
  size_t limits;      // [panels, kPanel]
  size_t counts;      // [panels, kPanel]
  size_t candidates;  // keys [panels, kPanel, capacity]
  size_t threads, thread_bytes, bytes;

  Layout(int64_t queries, int64_t n, int64_t d, int64_t k, int orientations, int num_threads) {
    // A block's queries and its candidates stay in a core's second-level cache.
    constexpr int64_t kPackedFloats = 32768, kMostPanels = 16;
    constexpr int64_t kLeastRows = 1024, kWholeTiles = 12;  // of any number of rows below
    panels = std::clamp<int64_t>(kPackedFloats / (orientations * d * kPanel), 1, kMostPanels);
    panels = std::min(panels, (queries + kPanel - 1) / kPanel);
    blocks = (queries + panels * kPanel - 1) / (panels * kPanel);
    // Few queries: the threads share the set too.
    const int64_t wanted = (4 * num_threads + blocks - 1) / blocks;
    chunk_rows = std::max((n + wanted - 1) / wanted, kLeastRows);
    chunk_rows = round_up(chunk_rows, kWholeTiles);
    chunks = (n + chunk_rows - 1) / chunk_rows;
    capacity = 2 * k;

    bytes = 0;
    auto take = [this](int64_t count, size_t size) {
      const size_t start = bytes;
      bytes += round_up(static_cast<size_t>(count) * size, 64);
      return start;
    };
    packed = take(orientations * panels * d * kPanel, sizeof(float));
    squares = take(orientations * panels * kPanel, sizeof(float));
    limits = take(panels * kPanel, sizeof(float));
    counts = take(panels * kPanel, sizeof(int32_t));
    candidates = take(panels * kPanel * capacity, sizeof(uint64_t));
    thread_bytes = bytes;
    bytes = 0;
    set_squares = take(n, sizeof(float));
    found = take(queries * chunks * k, sizeof(uint64_t));
    threads = bytes;
    bytes += static_cast<size_t>(num_threads) * thread_bytes;
  }
};

/// Vectors of kLanes: numbers, what comparing them gives, and that as a bit for each lane.
template <int kLanes>
struct Vectors;
template <>
struct Vectors<8> {
  using Floats = float __attribute__((vector_size(32), may_alias));
  using Mask = int32_t __attribute__((vector_size(32)));
  [[gnu::always_inline]] static inline uint32_t bits(const Mask& mask) {
#ifdef __AVX__
    return static_cast<uint32_t>(__builtin_ia32_movmskps256(reinterpret_cast<const Floats&>(mask)));
#else
    uint32_t set = 0;
    for (int lane = 0; lane < 8; ++lane) set |= (mask[lane] & 1u) << lane;
    return set;
#endif
  }
};
template <>
struct Vectors<16> {
  using Floats = float __attribute__((vector_size(64), may_alias));
  using Mask = int32_t __attribute__((vector_size(64)));
  [[gnu::always_inline]] static inline uint32_t bits(const Mask& mask) {
    Vectors<8>::Mask halves[2];
    __builtin_memcpy(halves, &mask, sizeof halves);
    return Vectors<8>::bits(halves[0]) | Vectors<8>::bits(halves[1]) << 8;
  }
};

/// ‖x‖² of `count` rows, at most 16. The sums are formed by vectors, two at a time, as those of the
/// products are: then the compiler fuses multiplications and additions in both, or in neither, and
/// a row is 0 from itself. (Of a single sum it may leave them apart, for the sake of latency.)
void square_rows(const float* rows, int64_t count, int64_t d, float* squares) {
  using Vector = Vectors<8>::Floats;
  const float* row[kPanel];
  for (int64_t r = 0; r < kPanel; ++r) row[r] = rows + (r < count ? r * d : 0);
  Vector low{}, high{};
  for (int64_t c = 0; c < d; ++c) {
    const Vector x{row[0][c], row[1][c], row[2][c], row[3][c],
                   row[4][c], row[5][c], row[6][c], row[7][c]};
    const Vector y{row[8][c],  row[9][c],  row[10][c], row[11][c],
                   row[12][c], row[13][c], row[14][c], row[15][c]};
    low += x * x;
    high += y * y;
  }
  for (int64_t r = 0; r < count; ++r) squares[r] = r < 8 ? low[r] : high[r - 8];
}

/// The queries of a block, packed, and what was found for them so far.
struct Block {
  const KnnSetArgs& args;
  const Layout& layout;
  int64_t d, k, capacity;
  int orientations;
  int64_t first, count;  // queries
  float* packed;
  float* squares;
  float* limits;  // a candidate is nearer than that
  int32_t* counts;
  uint64_t* candidates;
  const int32_t* positions;  // of the block's queries, or null

  Block(const KnnSetArgs& of, const Layout& by, int64_t block, std::byte* memory)
      : args(of),
        layout(by),
        d(of.set.shape[1]),
        k(of.indices.shape[1]),
        capacity(by.capacity),
        orientations(of.mirrored ? 2 : 1),
        first(block * by.panels * kPanel),
        count(std::min(of.queries.shape[0] - first, by.panels * kPanel)),
        packed(reinterpret_cast<float*>(memory + by.packed)),
        squares(reinterpret_cast<float*>(memory + by.squares)),
        limits(reinterpret_cast<float*>(memory + by.limits)),
        counts(reinterpret_cast<int32_t*>(memory + by.counts)),
        candidates(reinterpret_cast<uint64_t*>(memory + by.candidates)),
        positions(of.positions ? of.positions.as<int32_t>() + first : nullptr) {
    for (int64_t q = 0; q < layout.panels * kPanel; ++q) {
      limits[q] = q < count ? kInfinity : -kInfinity;
      counts[q] = 0;
    }
    for (int o = 0; o < orientations; ++o) pack(o);
  }

  /// Lanes that have no query hold zeros.
  void pack(int orientation) {
    const float* from = (orientation == 0 ? args.queries : args.mirrored).as<float>() + first * d;
    for (int64_t q = 0; q < layout.panels * kPanel; ++q) {
      const int64_t panel = orientation * layout.panels + q / kPanel;
      float* to = packed + panel * d * kPanel + q % kPanel;
      for (int64_t c = 0; c < d; ++c) to[c * kPanel] = q < count ? from[q * d + c] : 0.0f;
    }
    float* to = squares + orientation * layout.panels * kPanel;
    for (int64_t q = 0; q < layout.panels * kPanel; q += kPanel) {
      const int64_t rows = std::clamp<int64_t>(count - q, 0, kPanel);
      std::fill(to + q + rows, to + q + kPanel, 0.0f);
      if (rows > 0) square_rows(from + q * d, rows, d, to + q);
    }
  }

  void add(int64_t query, float distance, int64_t index) {
    if (positions && positions[query] == index) return;
    int32_t& number = counts[query];
    candidates[query * capacity + number] = key_of(distance, index);
    if (++number == capacity) drop(query);
  }

  /// Makes room: keeps the k nearest candidates of a query, or up to half as many more. Rows come
  /// in order, so a later one that is as far as the farthest of k is behind it.
  void drop(int64_t query) {
    uint64_t *keys = candidates + query * capacity, *end = keys + capacity;
    // Distances, as the bits that order them: up to `low` there are fewer than k, up to `high` not.
    uint64_t low = 0, high = std::bit_cast<uint32_t>(std::min(limits[query], kLargest));
    int64_t kept = capacity;
    while (kept > k + k / 2 && high - low > 1) {
      const uint64_t middle = (low + high) / 2;
      const auto bound = static_cast<int64_t>(middle << 32 | 0xFFFFFFFF);
      int64_t up_to = 0;
      for (int64_t i = 0; i < capacity; ++i) up_to += static_cast<int64_t>(keys[i]) <= bound;
      if (up_to < k)
        low = middle;
      else
        high = middle, kept = up_to;
    }
    if (kept > k + k / 2) {  // too many are equally far
      std::nth_element(keys, keys + k - 1, end);
      high = keys[k - 1] >> 32;
      kept = k;
    } else {
      uint64_t* to = keys;
      for (int64_t i = 0; i < capacity; ++i) {
        const uint64_t key = keys[i];
        *to = key;
        to += key >> 32 <= high;
      }
    }
    counts[query] = static_cast<int32_t>(kept);
    limits[query] = std::bit_cast<float>(static_cast<uint32_t>(high));
  }

  /// The k nearest, sorted, to their places among those of all chunks.
  void store(int64_t chunk, uint64_t* found) const {
    for (int64_t q = 0; q < count; ++q) {
      uint64_t *keys = candidates + q * capacity, *end = keys + counts[q];
      std::partial_sort(keys, std::min(keys + k, end), end);
      std::fill(end, std::max(keys + k, end), kNobody);
      std::copy(keys, keys + k, found + ((first + q) * layout.chunks + chunk) * k);
    }
  }
};

/// Compares blocks with the set by vectors of kLanes, kRows rows of the set at a time: as many as
/// leave the sums in registers.
template <int kLanes, int kRows, int kOrientations>
struct Search {
  static constexpr int kVectors = kPanel / kLanes;
  using Vector = typename Vectors<kLanes>::Floats;
  using Mask = typename Vectors<kLanes>::Mask;
  using Tile = Vector[kRows][kVectors];

  /// From a multiple of 64 bytes, as everything of a panel lies.
  [[gnu::always_inline]] static inline void load(const float* from, Vector (&to)[kVectors]) {
    for (int v = 0; v < kVectors; ++v) to[v] = reinterpret_cast<const Vector*>(from)[v];
  }
  /// The distances of a panel's queries from kRows rows, `stride` apart. NaN is none: it leaves
  /// infinity, or what the other orientation has.
  [[gnu::always_inline]] static inline void measure(const Block& block, int64_t panel,
                                                    const float* rows, int64_t stride,
                                                    const float* row_squares, Tile& nearest) {
    for (auto& row : nearest)
      for (auto& vector : row) vector = Vector{} + kInfinity;
#pragma GCC unroll 1
    for (int o = 0; o < kOrientations; ++o, panel += block.layout.panels) {
      const float* queries = block.packed + panel * block.d * kPanel;
      Tile sum;
      Vector x[kVectors];
      for (auto& row : sum)
        for (auto& vector : row) vector = Vector{};
      for (int64_t c = 0; c < block.d; ++c) {
        load(queries + c * kPanel, x);
        for (int r = 0; r < kRows; ++r)
          for (int v = 0; v < kVectors; ++v) sum[r][v] += x[v] * rows[r * stride + c];
      }
      load(block.squares + panel * kPanel, x);
      for (int r = 0; r < kRows; ++r) {
        for (int v = 0; v < kVectors; ++v) {
          Vector distance = (x[v] + row_squares[r]) - 2.0f * sum[r][v];
          distance = distance < 0.0f ? Vector{} : distance;
          nearest[r][v] = distance < nearest[r][v] ? distance : nearest[r][v];
        }
      }
    }
  }

  [[gnu::always_inline]] static inline void compare(Block& block, int64_t panel, const float* rows,
                                                    int64_t stride, const float* row_squares,
                                                    int64_t index) {
    Tile nearest;
    measure(block, panel, rows, stride, row_squares, nearest);
    Vector limit[kVectors];
    load(block.limits + panel * kPanel, limit);
    Mask any{};
    for (int r = 0; r < kRows; ++r)
      for (int v = 0; v < kVectors; ++v) any |= nearest[r][v] < limit[v];
    if (Vectors<kLanes>::bits(any) == 0) return;
    constexpr int kTogether = 64 / kLanes;  // rows whose lanes are the bits of a word
    for (int first = 0; first < kRows; first += kTogether) {
      for (int v = 0; v < kVectors; ++v) {
        uint64_t nearer = 0;
        for (int r = first; r < std::min(first + kTogether, kRows); ++r) {
          const uint64_t lanes = Vectors<kLanes>::bits(nearest[r][v] < limit[v]);
          nearer |= lanes << (r - first) * kLanes;
        }
        for (; nearer != 0; nearer &= nearer - 1) {
          const int bit = std::countr_zero(nearer), r = first + bit / kLanes, lane = bit % kLanes;
          block.add(panel * kPanel + v * kLanes + lane,
                    reinterpret_cast<const float*>(&nearest[r][v])[lane], index + r);
        }
      }
    }
  }

  /// Rows [first, last) of the set. Those left over fill no tile: they are taken one by one, as a
  /// tile of kRows times the same row, of which one counts.
  [[gnu::always_inline]] static inline void run(Block& block, const float* set_squares,
                                                int64_t first, int64_t last) {
    const float* set = block.args.set.as<float>();
    for (int64_t j = first; j < last;) {
      const bool whole = j + kRows <= last;
      float row_squares[kRows];
      for (int r = 0; r < kRows; ++r)
        row_squares[r] = whole || r == 0 ? set_squares[j + r] : kInfinity;
      for (int64_t panel = 0; panel < block.layout.panels; ++panel)
        compare(block, panel, set + j * block.d, whole ? block.d : 0, row_squares, j);
      j += whole ? kRows : 1;
    }
  }
};

void search(Block& block, const float* set_squares, int64_t first, int64_t last) {
  if (block.orientations == 1)
    Search<8, 6, 1>::run(block, set_squares, first, last);
  else
    Search<8, 6, 2>::run(block, set_squares, first, last);
}
[[gnu::target("avx512f,avx512bw,avx512dq,avx512vl,fma")]] void search_avx512(
    Block& block, const float* set_squares, int64_t first, int64_t last) {
  if (block.orientations == 1)
    Search<16, 12, 1>::run(block, set_squares, first, last);
  else
    Search<16, 12, 2>::run(block, set_squares, first, last);
}

/// ‖s‖² of each row of the set, +∞ of a row that is not valid: that far it is from every query.
void square_set(const KnnSetArgs& args, float* squares) {
  const int64_t n = args.set.shape[0], d = args.set.shape[1];
#pragma omp for schedule(static)
  for (int64_t begin = 0; begin < n; begin += kPanel) {
    const int64_t end = std::min(begin + kPanel, n);
    square_rows(args.set.as<float>() + begin * d, end - begin, d, squares + begin);
    for (int64_t j = begin; args.valid && j < end; ++j)
      if (args.valid.as<uint8_t>()[j] == 0) squares[j] = kInfinity;
  }
}

}  // namespace

size_t knn_set_cpu_workspace_bytes(int64_t queries, int64_t n, int64_t d, int64_t k,
                                   int orientations, int threads) {
  return Layout(queries, n, d, k, orientations, threads).bytes;
}

void knn_set_cpu(const KnnSetArgs& args, int threads, void* workspace) {
  const int64_t num_queries = args.queries.shape[0], k = args.indices.shape[1];
  const int64_t n = args.set.shape[0], d = args.set.shape[1];
  const Layout layout(num_queries, n, d, k, args.mirrored ? 2 : 1, threads);
  auto* const memory = static_cast<std::byte*>(workspace);
  auto* const set_squares = reinterpret_cast<float*>(memory + layout.set_squares);
  auto* const found = reinterpret_cast<uint64_t*>(memory + layout.found);
  int32_t* const indices = args.indices.as<int32_t>();
  float* const distances = args.distances.as<float>();
  auto* const search_rows = cpu_has_avx512() ? search_avx512 : search;
#pragma omp parallel num_threads(threads)
  {
    square_set(args, set_squares);
    std::byte* const own = memory + layout.threads + omp_get_thread_num() * layout.thread_bytes;
#pragma omp for schedule(dynamic)
    for (int64_t item = 0; item < layout.blocks * layout.chunks; ++item) {
      const int64_t chunk = item % layout.chunks, first = chunk * layout.chunk_rows;
      Block block(args, layout, item / layout.chunks, own);
      search_rows(block, set_squares, first, std::min(first + layout.chunk_rows, n));
      block.store(chunk, found);
    }
#pragma omp for schedule(static)
    for (int64_t i = 0; i < num_queries; ++i) {
      uint64_t* keys = found + i * layout.chunks * k;
      std::partial_sort(keys, keys + k, keys + layout.chunks * k);
      for (int64_t place = 0; place < k; ++place) {
        const bool is_row = keys[place] != kNobody;
        indices[i * k + place] = is_row ? static_cast<int32_t>(keys[place]) : -1;
        distances[i * k + place] =
            is_row ? std::bit_cast<float>(static_cast<uint32_t>(keys[place] >> 32)) : kInfinity;
      }
    }
  }
}

}  // namespace lanet
