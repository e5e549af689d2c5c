// The nearest rows of a set on CUDA. A block goes through a chunk of the set with a tile of
// queries: a tile of products, in shared memory a slice of the columns at a time, becomes a tile of
// distances, and a warp looks through each row of it for what belongs among the nearest so far. The
// products are never in memory. Keys order candidates wholly, so the nearest are the same however
// the set is shared out.
#include "kernels/knn_set.h"

#include "core/cuda/device.cuh"
#include "core/cuda/launch.h"
#include "core/cuda/pack.h"
#include "core/round_up.h"
#include "kernels/cuda_operations.h"

namespace lanet {

namespace {

constexpr unsigned kAllLanes = 0xFFFFFFFFu;
constexpr uint64_t kNobody = ~uint64_t{0};  // behind all candidates

constexpr int kThreads = 256;
constexpr int kWarps = kThreads / 32;
constexpr int kQueries = 64, kRows = 128;  // a tile
constexpr int kDepth = 16;                 // columns of a slice
// Each thread computes four queries by two times four rows, whose numbers it reads in packs.
constexpr int kPack = 4;
constexpr int kRowThreads = kRows / (2 * kPack);
static_assert(kRowThreads * (kQueries / kPack) == kThreads);
// From one column of a slice, or one query's distances, to the next: whole packs, in other banks.
constexpr int kQueryStride = kQueries + kPack, kRowStride = kRows + kPack;

constexpr int64_t kBlocksWanted = 512;  // fill any device, if there are few queries
constexpr unsigned kMergeThreads = 128;

/// How the work is shared out, and what is where in the workspace.
struct Layout {
  int64_t chunks, chunk_rows;
  int64_t list_size;  // keys: k rounded up to whole warps
  size_t set_squares, squares[2], lists, bytes;

  Layout(int64_t queries, int64_t n, int64_t k, int orientations) {
    const int64_t tiles = (queries + kQueries - 1) / kQueries;
    const int64_t wanted = (kBlocksWanted + tiles - 1) / tiles;
    chunk_rows = std::max<int64_t>(2 * kRows, round_up((n + wanted - 1) / wanted, kRows));
    chunks = (n + chunk_rows - 1) / chunk_rows;
    list_size = k <= 32 ? 32 : k <= 64 ? 64 : 128;
    bytes = 0;
    auto take = [this](int64_t count, size_t size) {
      const size_t start = bytes;
      bytes += round_up(static_cast<size_t>(count) * size, 256);
      return start;
    };
    set_squares = take(n, sizeof(float));
    for (int o = 0; o < 2; ++o) squares[o] = take(o < orientations ? queries : 0, sizeof(float));
    lists = take(chunks * queries * list_size, sizeof(uint64_t));
  }
};

}  // namespace

/// The nearest so far, sorted, held by a warp: lane l has the keys l, l + 32, ….
template <int kSlots>
struct NearestKeys {
  uint64_t slot[kSlots];

  __device__ void load(const uint64_t* keys, unsigned lane) {
#pragma unroll
    for (int s = 0; s < kSlots; ++s) slot[s] = keys[s * 32 + lane];
  }
  __device__ void store(uint64_t* keys, unsigned lane) const {
#pragma unroll
    for (int s = 0; s < kSlots; ++s) keys[s * 32 + lane] = slot[s];
  }
  __device__ uint64_t last() const {
    return __shfl_sync(kAllLanes, slot[kSlots - 1], 31);
  }

  /// Puts a key, the same in every lane, in its place; the last one drops out.
  __device__ void insert(uint64_t key, unsigned lane) {
#pragma unroll
    for (int s = kSlots - 1; s >= 0; --s) {
      uint64_t before = __shfl_up_sync(kAllLanes, slot[s], 1);
      const uint64_t end_of_slot_before =
          s > 0 ? __shfl_sync(kAllLanes, slot[max(s - 1, 0)], 31) : 0;
      if (lane == 0) before = end_of_slot_before;
      if (slot[s] > key) slot[s] = before > key ? before : key;
    }
  }
  /// Takes from each lane a key that may belong here.
  __device__ void offer(uint64_t key, unsigned lane) {
    unsigned nearer = __ballot_sync(kAllLanes, key < last());
    while (nearer != 0) {
      insert(__shfl_sync(kAllLanes, key, __ffs(nearer) - 1), lane);
      nearer &= nearer - 1;
    }
  }
};

/// ‖x‖² of each row, in one chain of multiply-adds as products are; +∞ of a row that is not valid.
__global__ void __launch_bounds__(kThreads)
    knn_set_squares_kernel(const float* x, const uint8_t* valid, float* squares, int64_t n,
                           int64_t d) {
  const int64_t row = int64_t{blockIdx.x} * kThreads + threadIdx.x;
  if (row >= n) return;
  float sum = 0;
  for (int64_t c = 0; c < d; ++c) sum = fmaf(x[row * d + c], x[row * d + c], sum);
  squares[row] = valid && valid[row] == 0 ? cuda::kInfinity<float> : sum;
}

struct KnnSetKernelArgs {
  const float* queries;
  const float* queries_squares;
  const float* mirrored;  // null: one orientation
  const float* mirrored_squares;
  const float* set;
  const float* set_squares;
  const int32_t* positions;  // null: no query is in the set
  uint64_t* lists;           // [chunks, queries, 32·kSlots]
  int64_t num_queries, n, d, chunk_rows;
};

/// Columns [column, column + depth) of kCount rows from `first` on, transposed into shared memory;
/// zeros for rows that are not there.
template <int kCount>
__device__ inline void load_slice(const float* x, int64_t first, int64_t end, int64_t d,
                                  int64_t column, int depth, float (*slice)[kCount + kPack]) {
#pragma unroll
  for (int i = 0; i < kCount * kDepth; i += kThreads) {
    const int row = (i + static_cast<int>(threadIdx.x)) / kDepth, c = threadIdx.x % kDepth;
    if (c < depth) slice[c][row] = first + row < end ? x[(first + row) * d + column + c] : 0.0f;
  }
}

template <int kSlots>
__global__ void __launch_bounds__(kThreads) knn_set_kernel(KnnSetKernelArgs args) {
  __shared__ __align__(16) float query_slice[kDepth][kQueryStride];
  __shared__ __align__(16) float row_slice[kDepth][kRowStride];
  __shared__ __align__(16) float distances[kQueries][kRowStride];
  __shared__ uint64_t limits[kQueries];  // a key that is not before it is none of the nearest
  const unsigned lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  const int my_query = static_cast<int>(threadIdx.x) / kRowThreads * kPack;
  const int my_row = static_cast<int>(threadIdx.x) % kRowThreads * kPack;  // and kRows / 2 on
  const int64_t first_query = int64_t{blockIdx.x} * kQueries;
  const int64_t begin = blockIdx.y * args.chunk_rows;
  const int64_t end = min(begin + args.chunk_rows, args.n);
  uint64_t* lists = args.lists + (blockIdx.y * args.num_queries + first_query) * (32 * kSlots);
  const int num_queries = static_cast<int>(min(args.num_queries - first_query, int64_t{kQueries}));

  for (int q = static_cast<int>(warp); q < num_queries; q += kWarps) {
    for (int s = 0; s < kSlots; ++s) lists[q * (32 * kSlots) + s * 32 + lane] = kNobody;
    if (lane == 0) limits[q] = kNobody;
  }
  for (int64_t first = begin; first < end; first += kRows) {
    float nearest[kPack][2 * kPack];
#pragma unroll
    for (int q = 0; q < kPack; ++q)
#pragma unroll
      for (int r = 0; r < 2 * kPack; ++r) nearest[q][r] = cuda::kInfinity<float>;

    for (int orientation = 0; orientation < (args.mirrored ? 2 : 1); ++orientation) {
      const float* queries = orientation == 0 ? args.queries : args.mirrored;
      const float* squares = orientation == 0 ? args.queries_squares : args.mirrored_squares;
      float sum[kPack][2 * kPack] = {};
      for (int64_t column = 0; column < args.d; column += kDepth) {
        const int depth = static_cast<int>(min(args.d - column, int64_t{kDepth}));
        __syncthreads();  // the slices before are read
        load_slice<kQueries>(queries, first_query, args.num_queries, args.d, column, depth,
                             query_slice);
        load_slice<kRows>(args.set, first, end, args.d, column, depth, row_slice);
        __syncthreads();
#pragma unroll 4
        for (int c = 0; c < depth; ++c) {
          const auto x = cuda::load_pack<kPack>(&query_slice[c][my_query]);
          const auto low = cuda::load_pack<kPack>(&row_slice[c][my_row]);
          const auto high = cuda::load_pack<kPack>(&row_slice[c][my_row + kRows / 2]);
#pragma unroll
          for (int q = 0; q < kPack; ++q) {
#pragma unroll
            for (int r = 0; r < kPack; ++r) {
              sum[q][r] = fmaf(x.value[q], low.value[r], sum[q][r]);
              sum[q][kPack + r] = fmaf(x.value[q], high.value[r], sum[q][kPack + r]);
            }
          }
        }
      }
#pragma unroll
      for (int r = 0; r < 2 * kPack; ++r) {
        const int64_t row = first + my_row + r % kPack + r / kPack * (kRows / 2);
        const float row_square = row < end ? args.set_squares[row] : cuda::kInfinity<float>;
#pragma unroll
        for (int q = 0; q < kPack; ++q) {
          const int64_t query = min(first_query + my_query + q, args.num_queries - 1);
          float distance = fmaf(-2.0f, sum[q][r], squares[query] + row_square);
          distance = distance < 0.0f ? 0.0f : distance;
          nearest[q][r] = distance < nearest[q][r] ? distance : nearest[q][r];  // NaN is not
        }
      }
    }
#pragma unroll
    for (int q = 0; q < kPack; ++q) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        cuda::Pack<float, kPack> pack;
#pragma unroll
        for (int r = 0; r < kPack; ++r) pack.value[r] = nearest[q][half * kPack + r];
        cuda::store_pack(&distances[my_query + q][my_row + half * (kRows / 2)], pack);
      }
    }
    __syncthreads();

    for (int q = static_cast<int>(warp); q < num_queries; q += kWarps) {
      const int64_t itself = args.positions ? args.positions[first_query + q] : -1;
      const uint64_t limit = limits[q];
      uint64_t key[kRows / 32];
      bool any = false;
#pragma unroll
      for (int i = 0; i < kRows / 32; ++i) {
        const float distance = distances[q][i * 32 + lane];
        const int64_t row = first + i * 32 + lane;
        const bool is_candidate = distance < cuda::kInfinity<float> && row != itself;
        key[i] = is_candidate ? uint64_t{__float_as_uint(distance)} << 32 | row : kNobody;
        any = any || key[i] < limit;
      }
      if (__any_sync(kAllLanes, any)) {
        NearestKeys<kSlots> keys;
        uint64_t* list = lists + q * (32 * kSlots);  // each lane reads what it wrote itself
        keys.load(list, lane);
#pragma unroll
        for (int i = 0; i < kRows / 32; ++i) keys.offer(key[i], lane);
        keys.store(list, lane);
        const uint64_t last = keys.last();
        __syncwarp();  // all lanes have read the limit
        if (lane == 0) limits[q] = last;
      }
    }
  }
}

/// A warp a query: the nearest of all chunks.
template <int kSlots>
__global__ void __launch_bounds__(kMergeThreads)
    knn_set_merge_kernel(const uint64_t* lists, int32_t* indices, float* distances, int64_t chunks,
                         int64_t num_queries, int64_t k) {
  const int64_t query = int64_t{blockIdx.x} * (kMergeThreads / 32) + threadIdx.x / 32;
  const unsigned lane = threadIdx.x % 32;
  if (query >= num_queries) return;
  NearestKeys<kSlots> keys;
  keys.load(lists + query * (32 * kSlots), lane);
  for (int64_t chunk = 1; chunk < chunks; ++chunk) {
    NearestKeys<kSlots> others;
    others.load(lists + (chunk * num_queries + query) * (32 * kSlots), lane);
#pragma unroll
    for (int s = 0; s < kSlots; ++s) keys.offer(others.slot[s], lane);
  }
#pragma unroll
  for (int s = 0; s < kSlots; ++s) {
    const int64_t place = s * 32 + lane;
    const bool is_row = keys.slot[s] != kNobody;
    if (place >= k) continue;
    indices[query * k + place] = is_row ? static_cast<int32_t>(keys.slot[s]) : -1;
    distances[query * k + place] = is_row
                                       ? __uint_as_float(static_cast<uint32_t>(keys.slot[s] >> 32))
                                       : cuda::kInfinity<float>;
  }
}

size_t knn_set_cuda_workspace_bytes(int64_t queries, int64_t n, int64_t k, int orientations) {
  return Layout(queries, n, k, orientations).bytes;
}

void knn_set_cuda(Context& context, const KnnSetArgs& args, void* workspace) {
  const int64_t num_queries = args.queries.shape[0], d = args.queries.shape[1];
  const int64_t n = args.set.shape[0], k = args.indices.shape[1];
  const cudaStream_t stream = cuda::stream(context);
  const Layout layout(num_queries, n, k, args.mirrored ? 2 : 1);
  auto at = [&](size_t offset) {
    return reinterpret_cast<float*>(static_cast<std::byte*>(workspace) + offset);
  };
  auto square = [&](const Tensor& x, const Tensor& valid, float* squares) {
    cuda::launch(knn_set_squares_kernel, dim3(cuda::blocks_for(x.shape[0], kThreads)),
                 dim3(kThreads), 0, stream, static_cast<const float*>(x.data),
                 static_cast<const uint8_t*>(valid.data), squares, x.shape[0], d);
  };
  square(args.set, args.valid, at(layout.set_squares));
  square(args.queries, {}, at(layout.squares[0]));
  if (args.mirrored) square(args.mirrored, {}, at(layout.squares[1]));
  auto* const lists = reinterpret_cast<uint64_t*>(at(layout.lists));
  auto search = [&]<int kSlots>() {
    cuda::launch(
        knn_set_kernel<kSlots>,
        dim3(cuda::blocks_for(num_queries, kQueries), static_cast<unsigned>(layout.chunks)),
        dim3(kThreads), 0, stream,
        KnnSetKernelArgs{.queries = static_cast<const float*>(args.queries.data),
                         .queries_squares = at(layout.squares[0]),
                         .mirrored = static_cast<const float*>(args.mirrored.data),
                         .mirrored_squares = at(layout.squares[1]),
                         .set = static_cast<const float*>(args.set.data),
                         .set_squares = at(layout.set_squares),
                         .positions = static_cast<const int32_t*>(args.positions.data),
                         .lists = lists,
                         .num_queries = num_queries,
                         .n = n,
                         .d = d,
                         .chunk_rows = layout.chunk_rows});
    cuda::launch(knn_set_merge_kernel<kSlots>,
                 dim3(cuda::blocks_for(num_queries, kMergeThreads / 32)), dim3(kMergeThreads), 0,
                 stream, lists, static_cast<int32_t*>(args.indices.data),
                 static_cast<float*>(args.distances.data), layout.chunks, num_queries, k);
  };
  switch (layout.list_size) {
    case 32:
      return search.template operator()<1>();
    case 64:
      return search.template operator()<2>();
    default:
      return search.template operator()<4>();
  }
}

}  // namespace lanet
