// Fast batch normalisation on the CPU for f32 and bf16, backward: one pass over memory for each
// operation.
#include "kernels/batch_norm/batch_norm_cpu.h"
#include "kernels/cpu_operations.h"
#include "kernels/dispatch.h"

namespace lanet {

namespace {

/// Where the ReLU cut off: nowhere, where the given y says so, or where y found anew does.
enum class Mask { none, given, found };

/// What g is made of, over a chunk of channels.
template <typename T, Mask kMask, bool kSecond>
struct ChunkGradient {
  const T *x, *second_x, *dy, *y;
  ChunkAffine own, its;

  template <typename Args>
  ChunkGradient(const Args& args, int64_t start, int64_t count)
      : x(args.x.template as<T>() + start),
        second_x(kSecond ? args.second.x.template as<T>() + start : nullptr),
        dy(args.dy.template as<T>() + start),
        y(kMask == Mask::given ? args.y.template as<T>() + start : nullptr) {
    if constexpr (kMask == Mask::found) {
      own.load(args, kGivenInvStd, start, count);
      if constexpr (kSecond) its.load(args.second, kGivenInvStd, start, count);
    }
  }
  /// g of channel c of the chunk in the row that starts at `at`.
  float operator()(int64_t at, int64_t c) const {
    if constexpr (kMask == Mask::given) return float(y[at + c]) > 0 ? float(dy[at + c]) : 0.0f;
    if constexpr (kMask == Mask::found) {
      float value = float(x[at + c]) * own.scale[c] + own.shift[c];
      if constexpr (kSecond) value += float(second_x[at + c]) * its.scale[c] + its.shift[c];
      return rounded_to<T>(value) > 0 ? float(dy[at + c]) : 0.0f;
    }
    return float(dy[at + c]);
  }
};

/// Calls f.template operator()<T, mask, second>() as the pass wants it.
template <typename Args, typename F>
void dispatch_backward(const Args& args, F&& f) {
  dispatch_narrow(args.x.dtype, [&]<typename T>() {
    if (args.second.x && args.relu)
      f.template operator()<T, Mask::found, true>();
    else if (args.second.x)
      f.template operator()<T, Mask::none, true>();
    else if (batch_norm_finds_y(args))
      f.template operator()<T, Mask::found, false>();
    else if (args.relu)
      f.template operator()<T, Mask::given, false>();
    else
      f.template operator()<T, Mask::none, false>();
  });
}

template <typename T, Mask kMask, bool kSecond>
void reduce_part(const PartSums& sums, const Cuts& cuts, int64_t part,
                 const BatchNormBackwardReduceArgs& args) {
  std::fill_n(sums.first, 3 * cuts.channels, 0.0);
  for (int64_t start = 0; start < cuts.channels; start += kChannelChunk) {
    const int64_t count = std::min(kChannelChunk, cuts.channels - start);
    const ChunkGradient<T, kMask, kSecond> g_of(args, start, count);
    const float* mean = args.mean.as<float>() + start;
    const float* second_mean = kSecond ? args.second.mean.as<float>() + start : nullptr;
    float *sum = sums.block_first + start, *product = sums.block_second + start,
          *second_product = sums.block_third + start;
    for (int64_t b = cuts.first_block(part); b < cuts.first_block(part + 1); ++b) {
      std::fill_n(sum, count, 0.0f);
      std::fill_n(product, count, 0.0f);
      std::fill_n(second_product, count, 0.0f);
      for (int64_t r = cuts.first_row(b); r < cuts.first_row(b + 1); ++r) {
        const int64_t at = r * cuts.channels;
#pragma omp simd
        for (int64_t c = 0; c < count; ++c) {
          const float g = g_of(at, c);
          sum[c] += g;
          product[c] += g * (float(g_of.x[at + c]) - mean[c]);
          if constexpr (kSecond)
            second_product[c] += g * (float(g_of.second_x[at + c]) - second_mean[c]);
        }
      }
#pragma omp simd
      for (int64_t c = 0; c < count; ++c) {
        sums.first[start + c] += sum[c];
        sums.second[start + c] += product[c];
        if constexpr (kSecond) sums.third[start + c] += second_product[c];
      }
    }
  }
}

/// Writes the gradients of the parameters of the first or the second image.
template <typename Image>
void write_parameters(const Image& image, const Tensor& sum_dy, const double* product) {
  for (int64_t c = 0; c < sum_dy.elements(); ++c) {
    const float sum_dy_xhat = float(product[c] * image.inv_std.template as<float>()[c]);
    image.sum_dy_xhat.template as<float>()[c] = sum_dy_xhat;
    if (image.dweight)
      write_gradient(image.dweight.tensor.template as<float>()[c], sum_dy_xhat, image.dweight.add);
    if (image.dbias)
      write_gradient(image.dbias.tensor.template as<float>()[c], sum_dy.as<float>()[c],
                     image.dbias.add);
  }
}

/// dx of the first or the second image over a chunk of channels:
/// scale·(g − offset) + slope·(x − mean), exactly 0 where there is one row.
template <typename T>
struct ChunkDx {
  const T* x;
  T* dx;
  const float* mean;
  bool add;
  float scale[kChannelChunk], slope[kChannelChunk], offset[kChannelChunk];

  /// Does nothing where no dx is wanted.
  template <typename Image>
  ChunkDx(const Image& image, const Tensor& sum_dy, int64_t rows, int64_t start, int64_t count)
      : dx(nullptr), add(image.dx.add) {
    if (!image.dx) return;
    x = image.x.template as<T>() + start;
    dx = image.dx.tensor.template as<T>() + start;
    mean = image.mean.template as<float>() + start;
    const float *inv_std = image.inv_std.template as<float>() + start,
                *weight = image.weight.template as<float>() + start,
                *sum_dy_xhat = image.sum_dy_xhat.template as<float>() + start;
    for (int64_t c = 0; c < count; ++c) {
      scale[c] = weight[c] * inv_std[c];
      slope[c] = -scale[c] * inv_std[c] * (sum_dy_xhat[c] / static_cast<float>(rows));
      offset[c] = sum_dy.as<float>()[start + c] / static_cast<float>(rows);
    }
  }
  template <typename G>
  void write(const G& g_of, const Cuts& cuts, int64_t row, int64_t end, int64_t count) const {
    if (!dx) return;
    with_flags(add, false, [&]<bool kAdd, bool>() {
      for (int64_t r = row; r < end; ++r) {
        const int64_t at = r * cuts.channels;
#pragma omp simd
        for (int64_t c = 0; c < count; ++c) {
          float value =
              scale[c] * (g_of(at, c) - offset[c]) + slope[c] * (float(x[at + c]) - mean[c]);
          if constexpr (kAdd) value += float(dx[at + c]);
          assign_rounded(dx[at + c], value);
        }
      }
    });
  }
};

template <typename T, typename G>
void write_dresidual(const G& g_of, const Gradient& dresidual, const Cuts& cuts, int64_t row,
                     int64_t end, int64_t start, int64_t count) {
  T* place = dresidual.tensor.template as<T>() + start;
  with_flags(dresidual.add, false, [&]<bool kAdd, bool>() {
    for (int64_t r = row; r < end; ++r) {
      const int64_t at = r * cuts.channels;
#pragma omp simd
      for (int64_t c = 0; c < count; ++c) {
        float g = g_of(at, c);
        if constexpr (kAdd) g += float(place[at + c]);
        assign_rounded(place[at + c], g);
      }
    }
  });
}

}  // namespace

void batch_norm_backward_reduce_cpu(Context& context, const BatchNormBackwardReduceArgs& args) {
  const Cuts cuts(args.x.shape);
  void* workspace = context.workspace(batch_norm_cpu_workspace_bytes(args.x.shape));
  dispatch_backward(args, [&]<typename T, Mask kMask, bool kSecond>() {
#pragma omp parallel for schedule(static)
    for (int64_t part = 0; part < cuts.parts; ++part)
      reduce_part<T, kMask, kSecond>(PartSums(workspace, part, cuts.channels), cuts, part, args);
  });
  const PartSums all(workspace, 0, cuts.channels);
  for (int64_t part = 1; part < cuts.parts; ++part) {
    const PartSums sums(workspace, part, cuts.channels);
#pragma omp simd
    for (int64_t c = 0; c < 3 * cuts.channels; ++c) all.first[c] += sums.first[c];
  }
  for (int64_t c = 0; c < cuts.channels; ++c) args.sum_dy.as<float>()[c] = float(all.first[c]);
  write_parameters(args, args.sum_dy, all.second);
  if (args.second.x) write_parameters(args.second, args.sum_dy, all.third);
}

void batch_norm_backward_apply_cpu(const BatchNormBackwardApplyArgs& args) {
  const Cuts cuts(args.x.shape);
  dispatch_backward(args, [&]<typename T, Mask kMask, bool kSecond>() {
    for_each_chunk(cuts, [&](int64_t first, int64_t last, int64_t start, int64_t count) {
      const ChunkGradient<T, kMask, kSecond> g_of(args, start, count);
      const ChunkDx<T> own(args, args.sum_dy, cuts.rows, start, count);
      const ChunkDx<T> its(args.second, args.sum_dy, cuts.rows, start, count);
      // By blocks of rows, so that the second output finds in the cache what the first one read.
      for (int64_t row = first; row < last; row += cuts.block_rows) {
        const int64_t end = std::min(last, row + cuts.block_rows);
        own.write(g_of, cuts, row, end, count);
        its.write(g_of, cuts, row, end, count);
        if (args.dresidual) write_dresidual<T>(g_of, args.dresidual, cuts, row, end, start, count);
      }
    });
  });
}

}  // namespace lanet
