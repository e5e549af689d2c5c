// The stem's batch norm, ReLU and maximum pool on the CPU, for f32 and bf16. Forward, a thread
// walks down a tile of output columns and channels whose unfinished maxima stay in the first-level
// cache. Backward, the pictures are cut into squares of two by two pixels, one a window: as a
// window has stride 2, the four pixels of square (i, j) lie in the windows (i, j) to (i+1, j+1)
// alone.
#include <algorithm>
#include <array>

#include "kernels/batch_norm/batch_norm_pool.h"
#include "kernels/cpu_operations.h"
#include "kernels/dispatch.h"
#include "kernels/pool.h"
#include "kernels/rounding.h"

namespace lanet {

namespace {

static_assert(kMaxPoolKernel == 3 && kMaxPoolStride == 2 && kMaxPoolPadding == 1);

constexpr int64_t kChannelChunk = 64;
constexpr int64_t kTileColumns = 16, kTileRows = 32;  // of outputs, forward
// A part of the backward sums has so many rows of squares; there are at most so many parts.
constexpr int64_t kMinPartRows = 4, kMaxParts = 64;

/// Both pictures: x or dx, and y or dy.
struct Sizes {
  int64_t batch, height, width, out_height, out_width, channels;

  explicit Sizes(const Shape& x)
      : batch(x[0]),
        height(x[1]),
        width(x[2]),
        out_height(max_pool_size(height)),
        out_width(max_pool_size(width)),
        channels(x[3]) {}
  /// Where pixel (h, w) of a picture begins; past its last row or column: the last one.
  int64_t pixel(int64_t b, int64_t h, int64_t w) const {
    return ((b * height + std::min(h, height - 1)) * width + std::min(w, width - 1)) * channels;
  }
  int64_t window(int64_t b, int64_t i, int64_t j) const {
    return ((b * out_height + i) * out_width + j) * channels;
  }
};

/// A tile of output columns first..last−1 and channels start..start + count − 1 of picture b.
template <typename T>
class ForwardTile {
 public:
  ForwardTile(const BatchNormMaxPoolArgs& args, int64_t b, int64_t first, int64_t last,
              int64_t start, int64_t count)
      : sizes_(args.x.shape),
        x_(args.x.as<T>() + start),
        y_(args.y.as<T>() + start),
        argmax_(args.argmax ? args.argmax.as<uint8_t>() + start : nullptr),
        b_(b),
        first_(first),
        last_(last),
        count_(count) {
    const float *mean = args.mean.as<float>() + start, *bias = args.bias.as<float>() + start;
    const float* inv_std = args.inv_std.as<float>() + start;
    const float* weight = args.weight.as<float>() + start;
    for (int64_t c = 0; c < count; ++c) {
      scale_[c] = weight[c] * inv_std[c];
      shift_[c] = float(double(bias[c]) - double(mean[c]) * double(scale_[c]));
    }
  }

  /// Output rows first..last−1.
  void run(int64_t first, int64_t last) {
    // A row or column outside the picture is moved to the nearest one inside, which is in the
    // window as well: the maximum stays, and so does the first of equal ones.
    const int64_t above = std::max<int64_t>(kMaxPoolStride * first - kMaxPoolPadding, 0);
    take<Row::starts>(first, above);
    for (int64_t i = first; i < last; ++i) {
      take<Row::goes_on>(i, kMaxPoolStride * i);
      take<Row::ends>(i, kMaxPoolStride * i + 1);
    }
  }

 private:
  /// What a row of x is to the windows: their first, their second, or the last one, with which the
  /// windows of the next output row start.
  enum class Row { starts, goes_on, ends };

  template <Row kRow>
  void take(int64_t i, int64_t h) {
    if (argmax_)
      take<kRow, true>(i, h);
    else
      take<kRow, false>(i, h);
  }

  template <Row kRow, bool kArgmax>
  void take(int64_t i, int64_t h) {
    const int32_t row =
        static_cast<int32_t>(kMaxPoolKernel * (h + kMaxPoolPadding - kMaxPoolStride * i));
    float left[kChannelChunk];
    const T* pixel =
        x_ + sizes_.pixel(b_, h, std::max<int64_t>(kMaxPoolStride * first_ - kMaxPoolPadding, 0));
#pragma omp simd
    for (int64_t c = 0; c < count_; ++c) left[c] = normalised(pixel[c], c);
    for (int64_t j = first_; j < last_; ++j) {
      const int32_t left_column = j == 0 ? 1 : 0;
      const T *middle = x_ + sizes_.pixel(b_, h, kMaxPoolStride * j),
              *right = x_ + sizes_.pixel(b_, h, kMaxPoolStride * j + 1);
      float* best = best_ + (j - first_) * kChannelChunk;
      int32_t* position = position_ + (j - first_) * kChannelChunk;
      T* y = y_ + sizes_.window(b_, i, j);
      uint8_t* argmax = kArgmax ? argmax_ + sizes_.window(b_, i, j) : nullptr;
#pragma omp simd
      for (int64_t c = 0; c < count_; ++c) {
        const float l = left[c], m = normalised(middle[c], c), r = normalised(right[c], c);
        left[c] = r;
        if constexpr (kRow != Row::starts) {
          Largest window{best[c], kArgmax ? position[c] : 0};
          window.take(l, row + left_column);
          window.take(m, row + 1);
          window.take(r, row + 2);
          if constexpr (kRow == Row::goes_on) {
            best[c] = window.value;
            if constexpr (kArgmax) position[c] = window.position;
          } else {
            assign_rounded(y[c], window.value <= 0 ? 0.0f : window.value);  // keeps NaN
            if constexpr (kArgmax)
              argmax[c] = static_cast<uint8_t>(window.value > 0 ? window.position : kMaxPoolCutOff);
          }
        }
        if constexpr (kRow != Row::goes_on) {
          const int32_t first_row = kRow == Row::starts ? row : 0;
          Largest window{l, first_row + left_column};
          window.take(m, first_row + 1);
          window.take(r, first_row + 2);
          best[c] = window.value;
          if constexpr (kArgmax) position[c] = window.position;
        }
      }
    }
  }

  /// As batch_norm_apply has it, rounded as it would be stored. The ReLU is left to the maximum.
  float normalised(T x, int64_t c) const {
    return rounded_to<T>(float(x) * scale_[c] + shift_[c]);
  }

  /// The first of the largest values so far. NaN stays where it came first, and is passed over
  /// else.
  struct Largest {
    float value;
    int32_t position;
    void take(float other, int32_t its_position) {
      position = other > value ? its_position : position;
      value = other > value ? other : value;
    }
  };

  Sizes sizes_;
  const T* x_;
  T* y_;
  uint8_t* argmax_;
  int64_t b_, first_, last_, count_;
  float scale_[kChannelChunk], shift_[kChannelChunk];
  float best_[kTileColumns * kChannelChunk];
  int32_t position_[kTileColumns * kChannelChunk];
};

template <typename T>
void forward(const BatchNormMaxPoolArgs& args) {
  const Sizes sizes(args.x.shape);
#pragma omp parallel for collapse(3) schedule(static)
  for (int64_t b = 0; b < sizes.batch; ++b) {
    for (int64_t i = 0; i < sizes.out_height; i += kTileRows) {
      for (int64_t j = 0; j < sizes.out_width; j += kTileColumns) {
        for (int64_t c = 0; c < sizes.channels; c += kChannelChunk) {
          ForwardTile<T> tile(args, b, j, std::min(j + kTileColumns, sizes.out_width), c,
                              std::min(kChannelChunk, sizes.channels - c));
          tile.run(i, std::min(i + kTileRows, sizes.out_height));
        }
      }
    }
  }
}

constexpr auto kNoMaximum = [] {
  std::array<uint8_t, kChannelChunk> none{};
  none.fill(kMaxPoolCutOff);
  return none;
}();

/// The windows (i, j), (i, j+1), (i+1, j), (i+1, j+1) over a square. One that is not there has no
/// maximum.
template <typename T>
struct Windows {
  const T *dy00, *dy01, *dy10, *dy11;
  const uint8_t *argmax00, *argmax01, *argmax10, *argmax11;

  Windows(const Sizes& sizes, const Tensor& dy, const Tensor& argmax, int64_t b, int64_t i,
          int64_t j, int64_t channel) {
    const bool below = i + 1 < sizes.out_height, right = j + 1 < sizes.out_width;
    const auto set = [&](const T*& its_dy, const uint8_t*& its_argmax, bool is_there, int64_t at) {
      its_dy = dy.as<T>() + (is_there ? at : sizes.window(b, i, j)) + channel;
      its_argmax = is_there ? argmax.as<uint8_t>() + at + channel : kNoMaximum.data();
    };
    set(dy00, argmax00, true, sizes.window(b, i, j));
    set(dy01, argmax01, right, sizes.window(b, i, j + 1));
    set(dy10, argmax10, below, sizes.window(b, i + 1, j));
    set(dy11, argmax11, below && right, sizes.window(b, i + 1, j + 1));
  }
};

/// What passes back to the four pixels of a square, in one channel.
struct Gradients {
  float g00, g01, g10, g11;

  template <typename T>
  Gradients(const Windows<T>& windows, int64_t c) {
    const float dy00 = windows.dy00[c], dy01 = windows.dy01[c], dy10 = windows.dy10[c],
                dy11 = windows.dy11[c];
    const int32_t at00 = windows.argmax00[c], at01 = windows.argmax01[c],
                  at10 = windows.argmax10[c], at11 = windows.argmax11[c];
    // The pixel (h, w) of the square is position 3·(h + 1) + w + 1 of the first window, 2 columns
    // less of the second, 2 rows less of the third.
    g00 = at00 == 4 ? dy00 : 0;
    g01 = (at00 == 5 ? dy00 : 0) + (at01 == 3 ? dy01 : 0);
    g10 = (at00 == 7 ? dy00 : 0) + (at10 == 1 ? dy10 : 0);
    g11 = (at00 == 8 ? dy00 : 0) + (at01 == 6 ? dy01 : 0) + (at10 == 2 ? dy10 : 0) +
          (at11 == 0 ? dy11 : 0);
  }
};

/// The parts of the backward sums, in rows of squares: cut by the shape alone.
struct Parts {
  int64_t rows, parts;
  explicit Parts(const Shape& x)
      : rows(x[0] * max_pool_size(x[1])),
        parts(std::clamp<int64_t>(rows / kMinPartRows, 1, kMaxParts)) {}
  int64_t first_row(int64_t part) const { return rows * part / parts; }
};

/// What one part sums, in the workspace: two sums in double, and two of the current row.
struct PartSums {
  double *first, *second;
  float *row_first, *row_second;

  static size_t bytes(int64_t channels) { return channels * 2 * (sizeof(double) + sizeof(float)); }
  PartSums(void* workspace, int64_t part, int64_t channels) {
    first = reinterpret_cast<double*>(static_cast<std::byte*>(workspace) + part * bytes(channels));
    second = first + channels;
    row_first = reinterpret_cast<float*>(second + channels);
    row_second = row_first + channels;
  }
};

/// Adds the sums over one row of squares.
template <typename T>
void add_row(const BatchNormMaxPoolBackwardReduceArgs& args, const Sizes& sizes, int64_t row,
             const PartSums& sums) {
  const int64_t b = row / sizes.out_height, i = row % sizes.out_height;
  const int64_t h = kMaxPoolStride * i;
  std::fill_n(sums.row_first, 2 * sizes.channels, 0.0f);
  for (int64_t j = 0; j < sizes.out_width; ++j) {
    const int64_t w = kMaxPoolStride * j;
    for (int64_t start = 0; start < sizes.channels; start += kChannelChunk) {
      const int64_t count = std::min(kChannelChunk, sizes.channels - start);
      const Windows<T> windows(sizes, args.dy, args.argmax, b, i, j, start);
      // A pixel that is not there has no gradient, and its neighbour is read in its place.
      const T* x = args.x.as<T>() + start;
      const T *x00 = x + sizes.pixel(b, h, w), *x01 = x + sizes.pixel(b, h, w + 1),
              *x10 = x + sizes.pixel(b, h + 1, w), *x11 = x + sizes.pixel(b, h + 1, w + 1);
      const float* mean = args.mean.as<float>() + start;
      float *sum = sums.row_first + start, *product = sums.row_second + start;
#pragma omp simd
      for (int64_t c = 0; c < count; ++c) {
        const Gradients g(windows, c);
        sum[c] += (g.g00 + g.g01) + (g.g10 + g.g11);
        product[c] += (g.g00 * (float(x00[c]) - mean[c]) + g.g01 * (float(x01[c]) - mean[c])) +
                      (g.g10 * (float(x10[c]) - mean[c]) + g.g11 * (float(x11[c]) - mean[c]));
      }
    }
  }
#pragma omp simd
  for (int64_t c = 0; c < sizes.channels; ++c) {
    sums.first[c] += sums.row_first[c];
    sums.second[c] += sums.row_second[c];
  }
}

template <typename T>
void backward_reduce(void* workspace, const BatchNormMaxPoolBackwardReduceArgs& args) {
  const Sizes sizes(args.x.shape);
  const Parts parts(args.x.shape);
  const int64_t channels = sizes.channels;
#pragma omp parallel for schedule(static)
  for (int64_t part = 0; part < parts.parts; ++part) {
    const PartSums sums(workspace, part, channels);
    std::fill_n(sums.first, 2 * channels, 0.0);
    for (int64_t row = parts.first_row(part); row < parts.first_row(part + 1); ++row)
      add_row<T>(args, sizes, row, sums);
  }
  const PartSums all(workspace, 0, channels);
  for (int64_t part = 1; part < parts.parts; ++part) {
    const PartSums sums(workspace, part, channels);
#pragma omp simd
    for (int64_t c = 0; c < 2 * channels; ++c) all.first[c] += sums.first[c];
  }
  for (int64_t c = 0; c < channels; ++c) {
    const float sum_dy = float(all.first[c]);
    const float sum_dy_xhat = float(all.second[c] * args.inv_std.as<float>()[c]);
    args.sum_dy.as<float>()[c] = sum_dy;
    args.sum_dy_xhat.as<float>()[c] = sum_dy_xhat;
    if (args.dweight)
      write_gradient(args.dweight.tensor.as<float>()[c], sum_dy_xhat, args.dweight.add);
    if (args.dbias) write_gradient(args.dbias.tensor.as<float>()[c], sum_dy, args.dbias.add);
  }
}

template <typename T, bool kAdd>
void backward_apply(const BatchNormMaxPoolBackwardApplyArgs& args) {
  const Sizes sizes(args.x.shape);
  const float rows = static_cast<float>(sizes.batch * sizes.height * sizes.width);
  const float *inv_std = args.inv_std.as<float>(), *weight = args.weight.as<float>();
  const float *sum_dy = args.sum_dy.as<float>(), *sum_dy_xhat = args.sum_dy_xhat.as<float>();
#pragma omp parallel for collapse(2) schedule(static)
  for (int64_t b = 0; b < sizes.batch; ++b) {
    for (int64_t i = 0; i < sizes.out_height; ++i) {
      const int64_t h = kMaxPoolStride * i;
      for (int64_t start = 0; start < sizes.channels; start += kChannelChunk) {
        const int64_t count = std::min(kChannelChunk, sizes.channels - start);
        // dx = scale·(g − offset) + slope·(x − mean): exactly 0 where there is one row
        const float* mean = args.mean.as<float>() + start;
        float scale[kChannelChunk], slope[kChannelChunk], offset[kChannelChunk];
        for (int64_t c = 0; c < count; ++c) {
          scale[c] = weight[start + c] * inv_std[start + c];
          slope[c] = -scale[c] * inv_std[start + c] * (sum_dy_xhat[start + c] / rows);
          offset[c] = sum_dy[start + c] / rows;
        }
        T outside[kChannelChunk] = {};  // takes what would be the gradient of a pixel not there
        for (int64_t j = 0; j < sizes.out_width; ++j) {
          const int64_t w = kMaxPoolStride * j;
          const bool below = h + 1 < sizes.height, right = w + 1 < sizes.width;
          const Windows<T> windows(sizes, args.dy, args.argmax, b, i, j, start);
          const T* x = args.x.as<T>() + start;
          const T *x00 = x + sizes.pixel(b, h, w), *x01 = x + sizes.pixel(b, h, w + 1),
                  *x10 = x + sizes.pixel(b, h + 1, w), *x11 = x + sizes.pixel(b, h + 1, w + 1);
          T* dx = args.dx.tensor.as<T>() + start;
          T *dx00 = dx + sizes.pixel(b, h, w),
            *dx01 = right ? dx + sizes.pixel(b, h, w + 1) : outside,
            *dx10 = below ? dx + sizes.pixel(b, h + 1, w) : outside,
            *dx11 = below && right ? dx + sizes.pixel(b, h + 1, w + 1) : outside;
          const auto write = [&](T& place, T its_x, float g, int64_t c) {
            float value = scale[c] * (g - offset[c]) + slope[c] * (float(its_x) - mean[c]);
            if constexpr (kAdd) value += float(place);
            assign_rounded(place, value);
          };
#pragma omp simd
          for (int64_t c = 0; c < count; ++c) {
            const Gradients g(windows, c);
            write(dx00[c], x00[c], g.g00, c);
            write(dx01[c], x01[c], g.g01, c);
            write(dx10[c], x10[c], g.g10, c);
            write(dx11[c], x11[c], g.g11, c);
          }
        }
      }
    }
  }
}

}  // namespace

size_t batch_norm_max_pool_cpu_workspace_bytes(const Shape& x) {
  return Parts(x).parts * PartSums::bytes(x[3]);
}

void batch_norm_max_pool_cpu(const BatchNormMaxPoolArgs& args) {
  dispatch_narrow(args.x.dtype, [&]<typename T>() { forward<T>(args); });
}

void batch_norm_max_pool_backward_reduce_cpu(Context& context,
                                             const BatchNormMaxPoolBackwardReduceArgs& args) {
  void* workspace = context.workspace(batch_norm_max_pool_cpu_workspace_bytes(args.x.shape));
  dispatch_narrow(args.x.dtype, [&]<typename T>() { backward_reduce<T>(workspace, args); });
}

void batch_norm_max_pool_backward_apply_cpu(const BatchNormMaxPoolBackwardApplyArgs& args) {
  dispatch_narrow(args.x.dtype, [&]<typename T>() {
    args.dx.add ? backward_apply<T, true>(args) : backward_apply<T, false>(args);
  });
}

}  // namespace lanet
