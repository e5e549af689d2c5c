// Augmentation on CUDA, two passes over the pictures. What is behind the contrast waits for the
// mean of the whole picture, so the first pass ends before it: crop, resize, and the colour steps
// in front of the contrast, with the sum of grey of each tile. The second does the rest.
#include "core/cuda/device.cuh"
#include "core/cuda/launch.h"
#include "core/cuda/pack.h"
#include "kernels/augment.h"
#include "kernels/augment_cuda.h"

namespace lanet {

namespace {
constexpr int kTileWidth = AugmentCudaLayout::kTileWidth;
constexpr int kTileHeight = AugmentCudaLayout::kTileHeight;
constexpr int kThreadsPerBlock = 256;
constexpr int kWarpsPerBlock = kThreadsPerBlock / 32;
// A crop is never larger than the picture, so resizing never shrinks: an output pixel depends on
// at most 5 box pixels along an axis, neighbouring ones on boxes that are at most one apart.
constexpr int kTaps = 5;
constexpr int kTileRows = kTileHeight + kTaps;  // box rows that a tile depends on, at most
constexpr int kFractionBits = 22;
constexpr double kSupport = 2;
}  // namespace

/// The box pixels behind one output pixel along an axis, and their weights (kernels/resize.h).
struct ResizeTaps {
  int32_t first, count;
  int32_t weight[kTaps];
};

/// Keys' cubic kernel with a = −1/2.
__device__ inline double keys_cubic(double x) {
  constexpr double a = -0.5;
  x = fabs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

__device__ inline ResizeTaps resize_taps(int64_t in, int64_t out, int64_t o) {
  const double ratio = static_cast<double>(in) / static_cast<double>(out);
  const double centre = (static_cast<double>(o) + 0.5) * ratio;
  const int64_t begin = max(static_cast<int64_t>(centre - kSupport + 0.5), int64_t{0});
  const int64_t end = min(static_cast<int64_t>(centre + kSupport + 0.5), in);
  ResizeTaps taps{static_cast<int32_t>(begin), static_cast<int32_t>(end - begin), {}};
  double weight[kTaps], sum = 0;
#pragma unroll
  for (int t = 0; t < kTaps; ++t) {
    weight[t] = t < taps.count ? keys_cubic(static_cast<double>(begin + t) - centre + 0.5) : 0;
    sum += weight[t];
  }
#pragma unroll
  for (int t = 0; t < kTaps; ++t)
    taps.weight[t] = static_cast<int32_t>(lround(weight[t] / sum * (1 << kFractionBits)));
  return taps;
}

/// A fixed-point sum as a grey level, halves up.
__device__ inline uint8_t resized_level(int32_t sum) {
  return static_cast<uint8_t>(
      min(max((sum + (1 << (kFractionBits - 1))) >> kFractionBits, 0), 255));
}

/// Pillow's conversion of a pixel to grey.
__device__ inline int grey_of(const uint8_t* pixel) {
  return (19595 * pixel[0] + 38470 * pixel[1] + 7471 * pixel[2] + 0x8000) >> 16;
}

/// Pillow's blend of two grey levels; product and sum are each rounded.
__device__ inline uint8_t blend_of(int degenerate, int level, float factor) {
  const float product = __fmul_rn(static_cast<float>(level - degenerate), factor);
  const float sum = __fadd_rn(static_cast<float>(degenerate), product);
  return static_cast<uint8_t>(static_cast<int>(min(max(sum, 0.0f), 255.0f)));
}

/// One colour step of one pixel. mean_grey: the picture's, read by the contrast.
__device__ inline void colour_step(ColourStep step, float factor, int mean_grey, uint8_t* pixel) {
  const int degenerate = step == ColourStep::brightness ? 0
                         : step == ColourStep::contrast ? mean_grey
                                                        : grey_of(pixel);
  for (int c = 0; c < 3; ++c) pixel[c] = blend_of(degenerate, pixel[c], factor);
}

/// Grid: tiles across, tiles down, pictures. levels: [B, S, S, 3], the picture in front of its
/// contrast; grey_sums: [B, tiles], the sum of its grey in each tile.
__global__ void __launch_bounds__(kThreadsPerBlock)
    augment_crop_kernel(const uint8_t* images, const int32_t* sample_indices,
                        const AugmentParameters* parameters, uint8_t* levels, int32_t* grey_sums,
                        int64_t size) {
  __shared__ ResizeTaps across[kTileWidth], down[kTileHeight];
  __shared__ uint8_t narrowed[kTileRows][kTileWidth][3];
  __shared__ int32_t warp_sums[kWarpsPerBlock];
  const int64_t picture = blockIdx.z;
  const int64_t left = int64_t{blockIdx.x} * kTileWidth, top = int64_t{blockIdx.y} * kTileHeight;
  const int width = static_cast<int>(min(int64_t{kTileWidth}, size - left));
  const int height = static_cast<int>(min(int64_t{kTileHeight}, size - top));
  const AugmentParameters& p = parameters[picture];
  const uint8_t* image = images + sample_indices[picture] * size * size * 3;

  for (int i = threadIdx.x; i < width + height; i += kThreadsPerBlock) {
    if (i < width)
      across[i] = resize_taps(p.crop_width, size, left + i);
    else
      down[i - width] = resize_taps(p.crop_height, size, top + i - width);
  }
  __syncthreads();

  // Across, for the box rows that the tile's rows depend on.
  const int first_row = down[0].first;
  const int rows = down[height - 1].first + down[height - 1].count - first_row;
  for (int i = threadIdx.x; i < rows * width; i += kThreadsPerBlock) {
    const int row = i / width, column = i % width;
    const ResizeTaps& taps = across[column];
    const uint8_t* line = image + (p.crop_y + first_row + row) * size * 3;
    int32_t sum[3] = {};
    for (int t = 0; t < taps.count; ++t) {
      const int64_t x = p.crop_x + taps.first + t;
      const uint8_t* pixel = line + 3 * (p.flip ? size - 1 - x : x);
      for (int c = 0; c < 3; ++c) sum[c] += taps.weight[t] * pixel[c];
    }
    for (int c = 0; c < 3; ++c) narrowed[row][column][c] = resized_level(sum[c]);
  }
  __syncthreads();

  int32_t grey = 0;
  for (int i = threadIdx.x; i < height * width; i += kThreadsPerBlock) {
    const int row = i / width, column = i % width;
    const ResizeTaps& taps = down[row];
    int32_t sum[3] = {};
    for (int t = 0; t < taps.count; ++t) {
      const uint8_t* pixel = narrowed[taps.first - first_row + t][column];
      for (int c = 0; c < 3; ++c) sum[c] += taps.weight[t] * pixel[c];
    }
    uint8_t pixel[3];
    for (int c = 0; c < 3; ++c) pixel[c] = resized_level(sum[c]);
    for (int s = 0; s < 3 && p.order[s] != static_cast<int32_t>(ColourStep::contrast); ++s)
      colour_step(static_cast<ColourStep>(p.order[s]), p.factor[p.order[s]], 0, pixel);
    uint8_t* to = levels + ((picture * size + top + row) * size + left + column) * 3;
    for (int c = 0; c < 3; ++c) to[c] = pixel[c];
    grey += grey_of(pixel);
  }

  grey = __reduce_add_sync(0xFFFFFFFFu, grey);
  if (threadIdx.x % 32 == 0) warp_sums[threadIdx.x / 32] = grey;
  __syncthreads();
  if (threadIdx.x == 0) {
    int32_t sum = 0;
    for (const int32_t of_warp : warp_sums) sum += of_warp;
    grey_sums[(picture * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x] = sum;
  }
}

/// What each grey level of each channel becomes in the network's input.
template <typename A>
struct Normalisation {
  A mean[3], std[3];

  /// Filled by the whole block, which then waits.
  __device__ void fill(A (*table)[256]) const {
    for (int i = threadIdx.x; i < 3 * 256; i += kThreadsPerBlock)
      table[i / 256][i % 256] = (A(i % 256) / A(255) - mean[i / 256]) / std[i / 256];
    __syncthreads();
  }
};

/// A pixel of y: three values, and 0 in the channels behind them.
template <typename T>
__device__ inline void store_pixel(T* y, int64_t channels, const accumulate_t<T>* value) {
  for (int c = 0; c < 3; ++c) cuda::store(y + c, value[c]);
  for (int64_t c = 3; c < channels; ++c) cuda::store(y + c, accumulate_t<T>(0));
}

template <typename T>
struct AugmentFinishKernelArgs {
  const uint8_t* levels;
  const int32_t* grey_sums;
  const AugmentParameters* parameters;
  T* y;
  int64_t size, tiles, channels;
  Normalisation<accumulate_t<T>> normalisation;
};

/// N pixels a thread. Grid: parts of a picture, pictures.
template <int N, typename T>
__global__ void __launch_bounds__(kThreadsPerBlock)
    augment_finish_kernel(AugmentFinishKernelArgs<T> args) {
  __shared__ accumulate_t<T> table[3][256];
  __shared__ int mean_grey;
  const int64_t picture = blockIdx.y, pixels = args.size * args.size;
  const AugmentParameters& p = args.parameters[picture];
  if (threadIdx.x < 32) {
    int64_t sum = 0;
    for (int64_t t = threadIdx.x; t < args.tiles; t += 32)
      sum += args.grey_sums[picture * args.tiles + t];
    for (int offset = 16; offset > 0; offset >>= 1)
      sum += __shfl_xor_sync(0xFFFFFFFFu, sum, offset);
    if (threadIdx.x == 0) mean_grey = static_cast<int>((2 * sum + pixels) / (2 * pixels));
  }
  args.normalisation.fill(table);

  const int64_t first = (int64_t{blockIdx.x} * kThreadsPerBlock + threadIdx.x) * N;
  if (first >= pixels) return;
  const int64_t begin = (picture * pixels + first) * 3;
  cuda::Pack<uint8_t, N> in[3];
#pragma unroll
  for (int k = 0; k < 3; ++k) in[k] = cuda::load_pack<N>(args.levels + begin + k * N);
#pragma unroll
  for (int i = 0; i < N; ++i) {
    uint8_t pixel[3];
#pragma unroll
    for (int c = 0; c < 3; ++c) pixel[c] = in[(3 * i + c) / N].value[(3 * i + c) % N];
    bool behind = false;  // the steps in front of the contrast are done
    for (int s = 0; s < 3; ++s) {
      behind = behind || p.order[s] == static_cast<int32_t>(ColourStep::contrast);
      if (behind)
        colour_step(static_cast<ColourStep>(p.order[s]), p.factor[p.order[s]], mean_grey, pixel);
    }
    const int64_t row = (first + i) / args.size, column = (first + i) % args.size;
    const bool erased = row >= p.erase_y && row < p.erase_y + p.erase_height &&
                        column >= p.erase_x && column < p.erase_x + p.erase_width;
    accumulate_t<T> value[3];
#pragma unroll
    for (int c = 0; c < 3; ++c) value[c] = erased ? accumulate_t<T>(0) : table[c][pixel[c]];
    store_pixel(args.y + (picture * pixels + first + i) * args.channels, args.channels, value);
  }
}

/// landmarks: [N, L, 2]; out: [B, L, 2]; from: the landmark that a flip puts in each place, or
/// null. One thread a point.
template <typename A>
__global__ void augment_landmarks_kernel(const float* landmarks, const int32_t* sample_indices,
                                         const AugmentParameters* parameters, const int32_t* from,
                                         A* out, int64_t batch, int64_t count, int64_t size) {
  const int64_t i = int64_t{blockIdx.x} * kThreadsPerBlock + threadIdx.x;
  if (i >= batch * count) return;
  const int64_t picture = i / count, l = i % count;
  const AugmentParameters& p = parameters[picture];
  const int64_t source = p.flip && from ? from[l] : l;
  const float* point = landmarks + 2 * (sample_indices[picture] * count + source);
  const A x = p.flip ? A(size) - A(point[0]) : A(point[0]);
  out[2 * i] = (x - A(p.crop_x)) * A(size) / A(p.crop_width);
  out[2 * i + 1] = (A(point[1]) - A(p.crop_y)) * A(size) / A(p.crop_height);
}

/// N pixels a thread. Grid: parts of a picture, pictures.
template <int N, typename T>
__global__ void __launch_bounds__(kThreadsPerBlock)
    normalize_kernel(const uint8_t* images, const int32_t* sample_indices, T* y, int64_t pixels,
                     int64_t channels, Normalisation<accumulate_t<T>> normalisation) {
  __shared__ accumulate_t<T> table[3][256];
  normalisation.fill(table);
  const int64_t picture = blockIdx.y;
  const int64_t first = (int64_t{blockIdx.x} * kThreadsPerBlock + threadIdx.x) * N;
  if (first >= pixels) return;
  const uint8_t* from = images + (sample_indices[picture] * pixels + first) * 3;
  cuda::Pack<uint8_t, N> in[3];
#pragma unroll
  for (int k = 0; k < 3; ++k) in[k] = cuda::load_pack<N>(from + k * N);
#pragma unroll
  for (int i = 0; i < N; ++i) {
    accumulate_t<T> value[3];
#pragma unroll
    for (int c = 0; c < 3; ++c) value[c] = table[c][in[(3 * i + c) / N].value[(3 * i + c) % N]];
    store_pixel(y + (picture * pixels + first + i) * channels, channels, value);
  }
}

namespace {

constexpr int kPixelsPerThread = 4;

template <typename T>
Normalisation<accumulate_t<T>> normalisation_of(const std::array<double, 3>& mean,
                                                const std::array<double, 3>& std) {
  using A = accumulate_t<T>;
  return {{A(mean[0]), A(mean[1]), A(mean[2])}, {A(std[0]), A(std[1]), A(std[2])}};
}

/// Calls f.template operator()<N>() with N pixels a thread: several if pictures of so many pixels
/// can be read in packs.
template <typename F>
void with_pixels_per_thread(int64_t pixels, const void* levels, F&& f) {
  const bool packs =
      pixels % kPixelsPerThread == 0 && reinterpret_cast<uintptr_t>(levels) % kPixelsPerThread == 0;
  if (packs)
    f.template operator()<kPixelsPerThread>();
  else
    f.template operator()<1>();
}

}  // namespace

void augment_cuda(Context& context, const AugmentArgs& args, void* workspace) {
  const int64_t size = args.images.shape[1], batch = args.sample_indices.shape[0];
  const cudaStream_t stream = cuda::stream(context);
  const AugmentCudaLayout layout(size, batch);
  const dim3 tiles(cuda::blocks_for(size, kTileWidth), cuda::blocks_for(size, kTileHeight),
                   cuda::blocks_for(batch, 1));
  uint8_t* levels = static_cast<uint8_t*>(workspace);
  int32_t* grey_sums = reinterpret_cast<int32_t*>(levels + layout.grey_sums);
  const auto* indices = static_cast<const int32_t*>(args.sample_indices.data);
  const auto* parameters = static_cast<const AugmentParameters*>(args.parameters.data);
  cuda::launch(augment_crop_kernel, tiles, dim3(kThreadsPerBlock), 0, stream,
               static_cast<const uint8_t*>(args.images.data), indices, parameters, levels,
               grey_sums, size);
  dispatch_float(args.y.dtype, [&]<typename Host>() {
    using T = cuda::device_t<Host>;
    using A = accumulate_t<Host>;
    with_pixels_per_thread(size * size, levels, [&]<int N>() {
      cuda::launch(
          augment_finish_kernel<N, T>,
          dim3(cuda::blocks_for(size * size, N * kThreadsPerBlock), tiles.z),
          dim3(kThreadsPerBlock), 0, stream,
          AugmentFinishKernelArgs<T>{.levels = levels,
                                     .grey_sums = grey_sums,
                                     .parameters = parameters,
                                     .y = static_cast<T*>(args.y.data),
                                     .size = size,
                                     .tiles = int64_t{tiles.x} * tiles.y,
                                     .channels = args.y.shape[3],
                                     .normalisation = normalisation_of<T>(args.mean, args.std)});
    });
    if (!args.landmarks) return;
    const int64_t count = args.landmarks.shape[1];
    const void* from = args.flip_swap_landmarks ? args.flip_permutation.data : nullptr;
    cuda::launch(augment_landmarks_kernel<A>,
                 dim3(cuda::blocks_for(batch * count, kThreadsPerBlock)), dim3(kThreadsPerBlock), 0,
                 stream, static_cast<const float*>(args.landmarks.data), indices, parameters,
                 static_cast<const int32_t*>(from), static_cast<A*>(args.landmarks_out.data), batch,
                 count, size);
  });
}

void normalize_cuda(Context& context, const NormalizeArgs& args) {
  const int64_t pixels = args.images.shape[1] * args.images.shape[2];
  dispatch_float(args.y.dtype, [&]<typename Host>() {
    using T = cuda::device_t<Host>;
    with_pixels_per_thread(pixels, args.images.data, [&]<int N>() {
      cuda::launch(normalize_kernel<N, T>,
                   dim3(cuda::blocks_for(pixels, N * kThreadsPerBlock),
                        cuda::blocks_for(args.sample_indices.shape[0], 1)),
                   dim3(kThreadsPerBlock), 0, cuda::stream(context),
                   static_cast<const uint8_t*>(args.images.data),
                   static_cast<const int32_t*>(args.sample_indices.data),
                   static_cast<T*>(args.y.data), pixels, args.y.shape[3],
                   normalisation_of<T>(args.mean, args.std));
    });
  });
}

}  // namespace lanet
