// Heatmap targets and weights on CUDA: a block a row of cells, each cell of each landmark worked
// out from its landmark alone, so that both images are written once and nothing is read back.
#include "kernels/heatmap.h"

#include "core/cuda/launch.h"
#include "core/cuda/values.cuh"
#include "kernels/cuda_operations.h"
#include "kernels/dispatch.h"

namespace lanet {

namespace {
constexpr unsigned kMaxThreads = 256;
}

/// The target (dx, dy) cells away from the landmark's own. 0 if a distance is not a number.
template <typename A>
__device__ inline A heatmap_target(A dx, A dy) {
  const bool in_window = dx >= -kHeatmapWindowBefore && dx <= kHeatmapWindowAfter &&
                         dy >= -kHeatmapWindowBefore && dy <= kHeatmapWindowAfter;
  return in_window ? exp(-(dx * dx + dy * dy) / A(2 * kHeatmapSigma * kHeatmapSigma)) : A(0);
}

/// valid is null if all faces are.
template <typename A, int N>
__global__ void __launch_bounds__(kMaxThreads)
    heatmap_kernel(const A* landmarks, const uint8_t* valid, A* target, A* weight, int height,
                   int width, int count) {
  const int face = blockIdx.x / height, row = blockIdx.x % height;
  const bool counts = !valid || valid[face] != 0;
  const A* of_face = landmarks + int64_t{face} * count * 2;
  for (int pack = threadIdx.x; pack < width * count / N; pack += blockDim.x) {
    int column = pack * N / count, landmark = pack * N % count;
    cuda::Pack<A, N> targets, weights;
#pragma unroll
    for (int e = 0; e < N; ++e) {
      // In floating point, so that a landmark far outside or not finite overflows no integer.
      const A px = floor(of_face[2 * landmark] / kHeatmapStride + A(0.5));
      const A py = floor(of_face[2 * landmark + 1] / kHeatmapStride + A(0.5));
      targets.value[e] = heatmap_target(column - px, row - py);
      // Of the cells around this one, within the grid, the nearest to the landmark has the largest
      // target.
      const A x = min(max(px, A(max(column - 1, 0))), A(min(column + 1, width - 1)));
      const A y = min(max(py, A(max(row - 1, 0))), A(min(row + 1, height - 1)));
      const bool near = heatmap_target(x - px, y - py) > A(kHeatmapThreshold);
      weights.value[e] = !counts ? A(0) : near ? A(kHeatmapWeight) : A(1);
      if (++landmark == count) {
        landmark = 0;
        ++column;
      }
    }
    const int64_t at = int64_t{blockIdx.x} * width * count + int64_t{pack} * N;
    cuda::store_pack(target + at, targets);
    cuda::store_pack(weight + at, weights);
  }
}

void heatmap_cuda(Context& context, const HeatmapArgs& args) {
  dispatch_wide(args.target.dtype, [&]<typename A>() {
    const Shape& shape = args.target.shape;
    const bool packs =
        cuda::channels_in_packs<A>(shape[2] * shape[3], {args.target.data, args.weight.data});
    cuda::with_pack_width<A>(packs, [&]<int N>() {
      cuda::launch(heatmap_kernel<A, N>, dim3(cuda::blocks_for(shape[0] * shape[1], 1)),
                   dim3(cuda::threads_for(shape[2] * shape[3] / N, kMaxThreads)), 0,
                   cuda::stream(context), static_cast<const A*>(args.landmarks.data),
                   static_cast<const uint8_t*>(args.valid.data), static_cast<A*>(args.target.data),
                   static_cast<A*>(args.weight.data), static_cast<int>(shape[1]),
                   static_cast<int>(shape[2]), static_cast<int>(shape[3]));
    });
  });
}

}  // namespace lanet
