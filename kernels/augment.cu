// Augmentation on CUDA, in three launches. The first moves the landmarks and works out, once for
// each column and row of a picture, which pixels it is resized from. The contrast
// needs the mean of the whole picture, so the second launch stops before it: crop, resize, and the
// colour steps before the contrast, with the sum of grey of each strip
// (kernels/augment_crop.cu). The third does the rest.
#include "core/cuda/pack.h"
#include "kernels/augment_cuda.cuh"
#include "kernels/cuda_operations.h"

namespace lanet {

namespace {
constexpr int kTileWidth = AugmentCudaLayout::kTileWidth;
constexpr int kTileHeight = AugmentCudaLayout::kTileHeight;
constexpr int kThreadsPerBlock = 256;  // one for each grey level of a table
constexpr int kRowsAtOnce = kThreadsPerBlock / kTileWidth;
constexpr int kPixelsPerThread = kTileHeight / kRowsAtOnce;

/// Channels of y whose pixels are written in 128-bit stores.
template <typename T>
constexpr int kPackedChannels = sizeof(T) == 2 ? 8 : 4;
}  // namespace

/// What each grey level of each channel becomes in the network's input.
template <typename A>
struct Normalisation {
  A mean[3], std[3];

  /// Fills this thread's entry. `level` is what the later colour steps make of level threadIdx.x.
  __device__ void fill(A (*table)[256], float level) const {
#pragma unroll
    for (int c = 0; c < 3; ++c) table[c][threadIdx.x] = (A(level) / A(255) - mean[c]) / std[c];
  }
};

/// One pixel of y: three values, then zeros. C: the channels of y, or 0: `channels` of them.
template <int C, typename T>
__device__ inline void store_pixel(T* y, int channels, const accumulate_t<T> (&value)[3]) {
  if constexpr (C > 0) {
    cuda::Pack<T, C> pixel;
#pragma unroll
    for (int c = 0; c < C; ++c) cuda::store(&pixel.value[c], c < 3 ? value[c < 3 ? c : 0] : 0);
    cuda::store_pack(y, pixel);
  } else {
#pragma unroll
    for (int c = 0; c < 3; ++c) cuda::store(y + c, value[c]);
    for (int c = 3; c < channels; ++c) cuda::store(y + c, accumulate_t<T>(0));
  }
}

template <typename T>
struct AugmentFinishKernelArgs {
  const uint32_t* levels;
  const int32_t* grey_sums;
  const AugmentParameters* parameters;
  T* y;
  int32_t size, strips, channels;
  Normalisation<accumulate_t<T>> normalisation;
};

/// Grid: tiles across, tiles down, pictures. A thread has every kRowsAtOnce-th pixel of a column.
/// If the saturation comes after the contrast, the steps from the contrast to it are done pixel by
/// pixel. The steps after that depend only on the level and are in the table.
template <int C, typename T>
__global__ void __launch_bounds__(kThreadsPerBlock)
    augment_finish_kernel(AugmentFinishKernelArgs<T> args) {
  using A = accumulate_t<T>;
  __shared__ A table[3][256];
  __shared__ float mean_of_grey;
  const int picture = blockIdx.z, size = args.size, pixels = size * size;
  const int column = blockIdx.x * kTileWidth + threadIdx.x % kTileWidth;
  const int top = blockIdx.y * kTileHeight + threadIdx.x / kTileWidth;
  const AugmentParameters& p = args.parameters[picture];
  const int64_t first = int64_t{picture} * pixels + top * size + column;
  const int stride = kRowsAtOnce * size;
  const uint32_t* levels = args.levels + first;
  const int contrast = place_of(ColourStep::contrast, p);
  const int saturation = place_of(ColourStep::saturation, p);
  const int tabled = saturation > contrast ? saturation + 1 : contrast;

  uint32_t word[kPixelsPerThread] = {};
#pragma unroll
  for (int k = 0; k < kPixelsPerThread; ++k) {
    if (top + k * kRowsAtOnce < size && column < size) word[k] = levels[k * stride];
  }
  if (threadIdx.x < 32) {
    int64_t sum = 0;
#pragma unroll 1
    for (int s = threadIdx.x; s < args.strips; s += 32)
      sum += args.grey_sums[int64_t{picture} * args.strips + s];
    sum = cuda::warp_sum(sum);
    // Both are below 2^40, so the double quotient is never rounded up to the next whole number.
    if (threadIdx.x == 0)
      mean_of_grey = static_cast<float>(static_cast<int>(static_cast<double>(2 * sum + pixels) /
                                                         static_cast<double>(2 * int64_t{pixels})));
  }
  __syncthreads();
  const float mean_grey = mean_of_grey;
  float level = static_cast<float>(threadIdx.x);
#pragma unroll 1
  for (int s = tabled; s < 3; ++s) {
    const Blend step(p, s, mean_grey);
    level = blended(step.degenerate, level, step.factor);
  }
  args.normalisation.fill(table, level);
#pragma unroll 1
  for (int s = contrast; s < tabled; ++s) {
    const Blend step(p, s, mean_grey);
#pragma unroll
    for (int k = 0; k < kPixelsPerThread; ++k) {
      Pixel pixel = Pixel::unpacked(word[k]);
      step.apply(pixel);
      word[k] = pixel.packed();
    }
  }
  __syncthreads();

  if (column >= size) return;
  T* y = args.y + first * args.channels;
  const bool column_erased = column >= p.erase_x && column < p.erase_x + p.erase_width;
  const int erase_top = p.erase_y, erase_bottom = p.erase_y + (column_erased ? p.erase_height : 0);
#pragma unroll
  for (int k = 0; k < kPixelsPerThread; ++k) {
    const int row = top + k * kRowsAtOnce;
    if (row >= size) return;
    const bool erased = row >= erase_top && row < erase_bottom;
    A value[3];
#pragma unroll
    for (int c = 0; c < 3; ++c) value[c] = erased ? A(0) : table[c][word[k] >> 8 * c & 255];
    store_pixel<C>(y + int64_t{k * stride} * args.channels, args.channels, value);
  }
}

/// Grid: parts of a picture, pictures.
template <int C, typename T>
__global__ void __launch_bounds__(kThreadsPerBlock)
    normalize_kernel(const uint8_t* images, const int32_t* sample_indices, T* y, int32_t pixels,
                     int32_t channels, Normalisation<accumulate_t<T>> normalisation) {
  using A = accumulate_t<T>;
  __shared__ A table[3][256];
  normalisation.fill(table, static_cast<float>(threadIdx.x));
  __syncthreads();
  const int picture = blockIdx.y;
  const uint8_t* from = images + int64_t{sample_indices[picture]} * pixels * 3;
  const int first = blockIdx.x * kThreadsPerBlock * kPixelsPerThread + threadIdx.x;
  // All loads are issued before the first store.
  uint8_t level[kPixelsPerThread][3] = {};
#pragma unroll
  for (int k = 0; k < kPixelsPerThread; ++k) {
    const int pixel = first + k * kThreadsPerBlock;
#pragma unroll
    for (int c = 0; c < 3; ++c)
      if (pixel < pixels) level[k][c] = from[int64_t{pixel} * 3 + c];
  }
#pragma unroll
  for (int k = 0; k < kPixelsPerThread; ++k) {
    const int pixel = first + k * kThreadsPerBlock;
    if (pixel >= pixels) return;
    A value[3];
#pragma unroll
    for (int c = 0; c < 3; ++c) value[c] = table[c][level[k][c]];
    store_pixel<C>(y + (int64_t{picture} * pixels + pixel) * channels, channels, value);
  }
}

namespace {

template <typename T>
Normalisation<accumulate_t<T>> normalisation_of(const std::array<double, 3>& mean,
                                                const std::array<double, 3>& std) {
  using A = accumulate_t<T>;
  return {{A(mean[0]), A(mean[1]), A(mean[2])}, {A(std[0]), A(std[1]), A(std[2])}};
}

/// Calls f.template operator()<C>(), C as store_pixel has it.
template <typename T, typename F>
void with_channels(const Tensor& y, F&& f) {
  if (y.shape[3] == kPackedChannels<T> && reinterpret_cast<uintptr_t>(y.data) % 16 == 0)
    f.template operator()<kPackedChannels<T>>();
  else
    f.template operator()<0>();
}

/// Pixels along an axis of `images`: 32 bits hold every place in a picture.
int32_t pixels_along(const Tensor& images, int axis) {
  const int64_t pixels = images.shape[axis];
  LANET_REQUIRE(pixels < (1 << 15), "images is {}; expected fewer than {} pixels along an axis",
                images.shape, 1 << 15);
  return static_cast<int32_t>(pixels);
}

}  // namespace

void augment_cuda(Context& context, const AugmentArgs& args, void* workspace) {
  const int32_t size = pixels_along(args.images, 1);
  const int64_t batch = args.sample_indices.shape[0];
  const cudaStream_t stream = cuda::stream(context);
  const AugmentCudaLayout layout(size, batch);
  auto* bytes = static_cast<std::byte*>(workspace);
  const AugmentBuffers buffers{.levels = reinterpret_cast<uint32_t*>(bytes),
                               .taps = bytes + layout.taps,
                               .grey_sums = reinterpret_cast<int32_t*>(bytes + layout.grey_sums)};
  const dim3 tiles = augment_tiles(size, batch);
  dispatch_float(args.y.dtype, [&]<typename Host>() {
    using T = cuda::device_t<Host>;
    augment_crop_cuda<accumulate_t<Host>>(stream, args, buffers);
    with_channels<T>(args.y, [&]<int C>() {
      cuda::launch(
          augment_finish_kernel<C, T>, tiles, dim3(kThreadsPerBlock), 0, stream,
          AugmentFinishKernelArgs<T>{
              .levels = buffers.levels,
              .grey_sums = buffers.grey_sums,
              .parameters = static_cast<const AugmentParameters*>(args.parameters.data),
              .y = static_cast<T*>(args.y.data),
              .size = size,
              .strips = static_cast<int32_t>(tiles.x * tiles.y) * AugmentCudaLayout::kStripsPerTile,
              .channels = static_cast<int32_t>(args.y.shape[3]),
              .normalisation = normalisation_of<T>(args.mean, args.std)});
    });
  });
}

void normalize_cuda(Context& context, const NormalizeArgs& args) {
  const int32_t pixels = pixels_along(args.images, 1) * pixels_along(args.images, 2);
  dispatch_float(args.y.dtype, [&]<typename Host>() {
    using T = cuda::device_t<Host>;
    with_channels<T>(args.y, [&]<int C>() {
      cuda::launch(normalize_kernel<C, T>,
                   dim3(cuda::blocks_for(pixels, kThreadsPerBlock * kPixelsPerThread),
                        cuda::blocks_for(args.sample_indices.shape[0], 1)),
                   dim3(kThreadsPerBlock), 0, cuda::stream(context),
                   static_cast<const uint8_t*>(args.images.data),
                   static_cast<const int32_t*>(args.sample_indices.data),
                   static_cast<T*>(args.y.data), pixels, static_cast<int32_t>(args.y.shape[3]),
                   normalisation_of<T>(args.mean, args.std));
    });
  });
}

}  // namespace lanet
