// The first two launches of augment on CUDA (kernels/augment.cu): the pixels that each row and
// column is resized from, with the landmarks, and the colour steps before the contrast.
#include "core/cuda/pack.h"
#include "kernels/augment_cuda.cuh"
#include "kernels/cuda_operations.h"

namespace lanet {

namespace {
constexpr int kStripHeight = AugmentCudaLayout::kStripHeight;
constexpr int kStripsPerTile = AugmentCudaLayout::kStripsPerTile;
constexpr int kCropThreads = 32 * kStripsPerTile;
constexpr int kPrepareThreads = 128;  // small, so that there is a block for every multiprocessor
// A crop is never larger than the picture, so resizing never shrinks: an output pixel depends on
// at most 4 box pixels along an axis, and its neighbour on the same ones or on those one further.
constexpr int kTaps = 4;
constexpr int kFractionBits = 22;
constexpr double kSupport = 2;
}  // namespace

/// The kTaps neighbouring pixels of the picture, as it lies in memory, that one column or row is
/// resized from (kernels/resize.h). Pixels outside the crop have weight 0, and so do pixels past
/// its end, where the picture is smaller than kTaps.
struct ResizeTaps {
  int32_t first;
  cuda::Pack<int32_t, kTaps> weight;
};
static_assert(sizeof(ResizeTaps) == AugmentCudaLayout::kTapsBytes);

/// Keys' cubic kernel with a = −1/2.
__device__ inline double keys_cubic(double x) {
  constexpr double a = -0.5;
  x = fabs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

/// For output pixel o along an axis of `size` pixels, of which `length` from `begin` on are
/// cropped. mirror: the crop is of the flipped picture.
__device__ inline ResizeTaps resize_taps(int begin, int length, int size, int o, bool mirror) {
  const double ratio = static_cast<double>(length) / static_cast<double>(size);
  const double centre = (static_cast<double>(o) + 0.5) * ratio;
  const int taps = min(kTaps, size);
  const int first = min(begin + max(static_cast<int>(centre - kSupport + 0.5), 0), size - taps);
  double weight[kTaps];
#pragma unroll
  for (int t = 0; t < kTaps; ++t) {
    const int i = first - begin + (mirror ? taps - 1 - t : t);
    weight[t] = i >= 0 && i < length ? keys_cubic(static_cast<double>(i) - centre + 0.5) : 0;
  }
  // Added up in the order of the crop, as the CPU does.
  const double sum = mirror ? weight[3] + weight[2] + weight[1] + weight[0]
                            : weight[0] + weight[1] + weight[2] + weight[3];
  ResizeTaps result{mirror ? size - taps - first : first, {}};
#pragma unroll
  for (int t = 0; t < kTaps; ++t)
    result.weight.value[t] = static_cast<int32_t>(lround(weight[t] / sum * (1 << kFractionBits)));
  return result;
}

/// landmarks: [N, L, 2]; out: [B, L, 2]; from: the landmark that a flip puts in each place, or
/// null.
template <typename A>
struct AugmentLandmarks {
  const float* landmarks;
  const int32_t* from;
  A* out;
  int32_t count;

  __device__ void move(int picture, int sample, int l, const AugmentParameters& p, int size) const {
    const int source = p.flip && from ? from[l] : l;
    const float* point = landmarks + 2 * (int64_t{sample} * count + source);
    A* to = out + 2 * (int64_t{picture} * count + l);
    const A x = p.flip ? A(size) - A(point[0]) : A(point[0]);
    to[0] = (x - A(p.crop_x)) * A(size) / A(p.crop_width);
    to[1] = (A(point[1]) - A(p.crop_y)) * A(size) / A(p.crop_height);
  }
};

/// Grid: parts of 2·S + L, pictures. taps: [B, 2, S], of columns and rows. One thread for each of
/// them and for each landmark.
template <typename A>
__global__ void __launch_bounds__(kPrepareThreads)
    augment_prepare_kernel(const int32_t* sample_indices, const AugmentParameters* parameters,
                           ResizeTaps* taps, AugmentLandmarks<A> landmarks, int32_t size) {
  const int picture = blockIdx.y, i = blockIdx.x * blockDim.x + threadIdx.x;
  const AugmentParameters& p = parameters[picture];
  ResizeTaps* to = taps + int64_t{picture} * 2 * size;
  if (i < size)
    to[i] = resize_taps(p.crop_x, p.crop_width, size, i, p.flip != 0);
  else if (i < 2 * size)
    to[i] = resize_taps(p.crop_y, p.crop_height, size, i - size, false);
  else if (i < 2 * size + landmarks.count)
    landmarks.move(picture, sample_indices[picture], i - 2 * size, p, size);
}

/// The grey level that comes from those of the pixels, level_of(0) to level_of(kTaps - 1).
template <typename F>
__device__ inline int resized_level(const ResizeTaps& taps, F&& level_of) {
  int sum = 1 << (kFractionBits - 1);
#pragma unroll
  for (int t = 0; t < kTaps; ++t) sum += taps.weight.value[t] * level_of(t);
  return min(max(sum >> kFractionBits, 0), 255);
}

/// One pixel of a row, resized across. kTiny: the row is shorter than kTaps.
template <bool kTiny>
__device__ inline void resize_across(const uint8_t* row, const ResizeTaps& taps, int size,
                                     int (&level)[3]) {
  const uint8_t* from = row + 3 * taps.first;
  int pixel[kTaps][3];
#pragma unroll
  for (int t = 0; t < kTaps; ++t)
#pragma unroll
    for (int c = 0; c < 3; ++c) pixel[t][c] = from[3 * (kTiny ? min(t, size - 1) : t) + c];
#pragma unroll
  for (int c = 0; c < 3; ++c) level[c] = resized_level(taps, [&](int t) { return pixel[t][c]; });
}

/// images: [N, S, S, 3]; the others as AugmentBuffers has them.
struct AugmentCropKernelArgs {
  const uint8_t* images;
  const int32_t* sample_indices;
  const AugmentParameters* parameters;
  const ResizeTaps* taps;
  uint32_t* levels;
  int32_t* grey_sums;
  int32_t size;
};

/// Grid: tiles across, tiles down, pictures. A warp has a strip, a lane a column of it, down which
/// it goes with the four rows, resized across, that the next pixel depends on.
template <bool kTiny>
__global__ void __launch_bounds__(kCropThreads) augment_crop_kernel(AugmentCropKernelArgs args) {
  const int picture = blockIdx.z, size = args.size;
  const int strip = blockIdx.y * kStripsPerTile + threadIdx.x / 32;
  const int column = blockIdx.x * AugmentCudaLayout::kTileWidth + threadIdx.x % 32;
  const int top = strip * kStripHeight;
  const int bottom = column < size ? min(top + kStripHeight, size) : 0;
  float grey = 0;
  if (top < bottom) {
    const AugmentParameters& p = args.parameters[picture];
    const int contrast = place_of(ColourStep::contrast, p);
    const Blend steps[2] = {{p, 0, 0}, {p, 1, 0}};
    const uint8_t* image = args.images + int64_t{args.sample_indices[picture]} * size * size * 3;
    const ResizeTaps* down = args.taps + (int64_t{picture} * 2 + 1) * size;
    const ResizeTaps across = down[column - size];
    uint32_t* to = args.levels + int64_t{picture} * size * size + column;

    int window[kTaps][3];
    int row = down[top].first;
    const auto next_row = [&](int(&level)[3]) {
      resize_across<kTiny>(image + int64_t{min(row, size - 1)} * (3 * size), across, size, level);
      ++row;
    };
#pragma unroll
    for (int t = 1; t < kTaps; ++t) next_row(window[t]);
    for (int y = top; y < bottom; ++y) {
      const ResizeTaps taps = down[y];
      if (row < taps.first + kTaps) {
#pragma unroll
        for (int t = 1; t < kTaps; ++t)
          for (int c = 0; c < 3; ++c) window[t - 1][c] = window[t][c];
        next_row(window[kTaps - 1]);
      }
      Pixel pixel;
#pragma unroll
      for (int c = 0; c < 3; ++c) {
        pixel.level[c] =
            static_cast<float>(resized_level(taps, [&](int t) { return window[t][c]; }));
      }
#pragma unroll
      for (int s = 0; s < 2; ++s)
        if (s < contrast) steps[s].apply(pixel);
      to[y * size] = pixel.packed();
      grey += pixel.grey();
    }
  }
  const int sum = __reduce_add_sync(0xFFFFFFFFu, static_cast<int>(grey));
  const int64_t strips = gridDim.x * gridDim.y * kStripsPerTile;
  if (threadIdx.x % 32 == 0)
    args.grey_sums[picture * strips + strip * gridDim.x + blockIdx.x] = sum;
}

template <typename A>
void augment_crop_cuda(cudaStream_t stream, const AugmentArgs& args,
                       const AugmentBuffers& buffers) {
  const auto size = static_cast<int32_t>(args.images.shape[1]);
  const int64_t batch = args.sample_indices.shape[0];
  const auto* indices = static_cast<const int32_t*>(args.sample_indices.data);
  const auto* parameters = static_cast<const AugmentParameters*>(args.parameters.data);
  auto* taps = static_cast<ResizeTaps*>(buffers.taps);
  AugmentLandmarks<A> landmarks{};
  if (args.landmarks) {
    const void* from = args.flip_permutation.data;
    landmarks = {.landmarks = static_cast<const float*>(args.landmarks.data),
                 .from = static_cast<const int32_t*>(from),
                 .out = static_cast<A*>(args.landmarks_out.data),
                 .count = static_cast<int32_t>(args.landmarks.shape[1])};
  }
  cuda::launch(augment_prepare_kernel<A>,
               dim3(cuda::blocks_for(2 * size + landmarks.count, kPrepareThreads),
                    cuda::blocks_for(batch, 1)),
               dim3(kPrepareThreads), 0, stream, indices, parameters, taps, landmarks, size);
  cuda::launch(size < kTaps ? augment_crop_kernel<true> : augment_crop_kernel<false>,
               augment_tiles(size, batch), dim3(kCropThreads), 0, stream,
               AugmentCropKernelArgs{.images = static_cast<const uint8_t*>(args.images.data),
                                     .sample_indices = indices,
                                     .parameters = parameters,
                                     .taps = taps,
                                     .levels = buffers.levels,
                                     .grey_sums = buffers.grey_sums,
                                     .size = size});
}
template void augment_crop_cuda<float>(cudaStream_t, const AugmentArgs&, const AugmentBuffers&);
template void augment_crop_cuda<double>(cudaStream_t, const AugmentArgs&, const AugmentBuffers&);

}  // namespace lanet
