// Nearest neighbours on CUDA: one block a row, a warp a candidate. Every dot product is summed in
// one order, wherever its rows lie: equal rows have equal similarities, and the rule for ties
// holds.
#include "core/cuda/device.cuh"
#include "core/cuda/launch.h"
#include "core/cuda/values.cuh"
#include "kernels/cuda_operations.h"
#include "kernels/knn.h"

namespace lanet {

namespace {
constexpr unsigned kWarpsPerBlock = 8;
}

template <typename A>
struct Candidate {
  A similarity;
  int64_t index;

  /// True for the nearer one, of equally near ones for the lower index.
  __device__ bool before(const Candidate& other) const {
    return similarity > other.similarity || (similarity == other.similarity && index < other.index);
  }
};

/// The first of 32 candidates, in every lane.
template <typename A>
__device__ inline Candidate<A> first_of_warp(Candidate<A> best) {
  for (int offset = 16; offset > 0; offset >>= 1) {
    const Candidate<A> other{__shfl_xor_sync(0xFFFFFFFFu, best.similarity, offset),
                             __shfl_xor_sync(0xFFFFFFFFu, best.index, offset)};
    if (other.before(best)) best = other;
  }
  return best;
}

/// N elements at a time. Shared memory: the similarities of the block's row to all rows.
template <int N, typename T, typename A>
__global__ void knn_kernel(const T* features, int32_t* indices, int64_t first_row, int64_t n,
                           int64_t d, int64_t k) {
  A* similarity = cuda::dynamic_shared<A>();
  const int64_t row = first_row + blockIdx.x;
  const unsigned lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  const T* x = features + row * d;

  for (int64_t j = warp; j < n; j += kWarpsPerBlock) {
    const T* y = features + j * d;
    A xx = 0, yy = 0, xy = 0;
    for (int64_t c = lane * N; c < d; c += 32 * N) {
      const auto a = cuda::load_pack<N>(x + c), b = cuda::load_pack<N>(y + c);
#pragma unroll
      for (int e = 0; e < N; ++e) {
        const A u = cuda::load(&a.value[e]), v = cuda::load(&b.value[e]);
        xx += u * u;
        yy += v * v;
        xy += u * v;
      }
    }
    const A floor = A(kKnnNormFloor);
    const A norms = max(sqrt(cuda::warp_sum(xx)), floor) * max(sqrt(cuda::warp_sum(yy)), floor);
    const A cosine = cuda::warp_sum(xy) / norms;
    // NaN would be neither before nor behind another: it goes last, and the indices stay in range.
    if (lane == 0) similarity[j] = j == row || !(cosine == cosine) ? -cuda::kInfinity<A> : cosine;
  }
  __syncthreads();
  if (warp != 0) return;

  Candidate<A> last{cuda::kInfinity<A>, -1};
  for (int64_t place = 0; place < k; ++place) {
    Candidate<A> best{-cuda::kInfinity<A>, n};
    for (int64_t j = lane; j < n; j += 32) {
      const Candidate<A> candidate{similarity[j], j};
      if (j != row && last.before(candidate) && candidate.before(best)) best = candidate;
    }
    last = first_of_warp(best);
    if (lane == 0) indices[int64_t{blockIdx.x} * k + place] = static_cast<int32_t>(last.index);
  }
}

void knn_cuda(Context& context, const KnnArgs& args) {
  const int64_t n = args.features.shape[0], d = args.features.shape[1];
  dispatch_float(args.features.dtype, [&]<typename Host>() {
    using T = cuda::device_t<Host>;
    using A = accumulate_t<Host>;
    const T* features = static_cast<const T*>(args.features.data);
    auto run = [&]<int N>() {
      cuda::launch(knn_kernel<N, T, A>, dim3(cuda::blocks_for(args.indices.shape[0], 1)),
                   dim3(32 * kWarpsPerBlock), n * sizeof(A), cuda::stream(context), features,
                   static_cast<int32_t*>(args.indices.data), args.first_row, n, d, args.k);
    };
    cuda::with_pack_width<T>(cuda::channels_in_packs<T>(d, {features}), run);
  });
}

}  // namespace lanet
