#include "kernels/conv2d_winograd.h"

#include <omp.h>

#include <algorithm>

#include "kernels/cpu_features.h"

// Compiled for AVX-512 whatever the rest of the program is compiled for; winograd_serves() asks the
// processor.
#pragma GCC target("arch=x86-64-v4,prefer-vector-width=512")

namespace lanet {

namespace {

constexpr int64_t kLanes = 16;
using Vector = float __attribute__((vector_size(4 * kLanes)));
using UnalignedVector = float __attribute__((vector_size(4 * kLanes), aligned(4), may_alias));
using LaneIndices = int32_t __attribute__((vector_size(4 * kLanes)));

Vector load(const float* from) {
  return *reinterpret_cast<const UnalignedVector*>(from);
}
void store(float* to, Vector value) {
  *reinterpret_cast<UnalignedVector*>(to) = value;
}

constexpr int64_t kTile = 4;                    // results a side
constexpr int64_t kWindow = 6;                  // inputs that they need a side
constexpr int64_t kPoints = kWindow * kWindow;  // products a tile

// The transformed images are made of blocks of this many tiles and channels: 36 matrices
// [tile][channel], a little apart, because the caches keep addresses 4 KB apart in the same place.
constexpr int64_t kTiles = 64;
constexpr int64_t kChannels = 64;
constexpr int64_t kApart = kLanes;
constexpr int64_t kMatrix = kTiles * kChannels + kApart;
constexpr int64_t kBlock = kPoints * kMatrix;
// One panel of results: so many channels. Its 36 matrices stay in the core's second-level cache.
constexpr int64_t kPanel = 32;
constexpr int64_t kPanelMatrix = kTiles * kPanel + kApart;
constexpr int64_t kChain = 16;  // products in one chain of sums

// The polynomials of the algorithm are evaluated at 0, ±a, ±b and infinity. With these a and b, the
// ones that oneDNN uses, rounding errors are about a third of those with 1 and 2.
constexpr float a = 0.625f, b = 1.5f, aa = a * a, bb = b * b;
// 1 / Π (p − q) over the other finite points q, for p = 0, ±a, ±b.
constexpr float n0 = 1 / (aa * bb), na = 1 / (2 * aa * (aa - bb)), nb = 1 / (2 * bb * (bb - aa));

// The matrices of the algorithm, each as what it makes of one column: a step from element to
// element in `in` and in `out`.
struct InputTransform {  // Bᵀ
  static constexpr int kFrom = 6, kTo = 6;
  static void apply(const Vector* in, int i, Vector* out, int o) {
    const Vector even_a = in[4 * i] - bb * in[2 * i], odd_a = a * (in[3 * i] - bb * in[i]);
    const Vector even_b = in[4 * i] - aa * in[2 * i], odd_b = b * (in[3 * i] - aa * in[i]);
    out[0] = in[4 * i] - (aa + bb) * in[2 * i] + aa * bb * in[0];
    out[o] = even_a + odd_a;
    out[2 * o] = even_a - odd_a;
    out[3 * o] = even_b + odd_b;
    out[4 * o] = even_b - odd_b;
    out[5 * o] = in[5 * i] - (aa + bb) * in[3 * i] + aa * bb * in[i];
  }
};
struct OutputTransform {  // Aᵀ
  static constexpr int kFrom = 6, kTo = 4;
  static void apply(const Vector* in, int i, Vector* out, int o) {
    const Vector even_a = in[i] + in[2 * i], odd_a = a * (in[i] - in[2 * i]);
    const Vector even_b = in[3 * i] + in[4 * i], odd_b = b * (in[3 * i] - in[4 * i]);
    out[0] = in[0] + even_a + even_b;
    out[o] = odd_a + odd_b;
    out[2 * o] = aa * even_a + bb * even_b;
    out[3 * o] = aa * odd_a + bb * odd_b + in[5 * i];
  }
};
struct OutputGradientTransform {  // A
  static constexpr int kFrom = 4, kTo = 6;
  static void apply(const Vector* in, int i, Vector* out, int o) {
    const Vector even_a = in[0] + aa * in[2 * i], odd_a = a * (in[i] + aa * in[3 * i]);
    const Vector even_b = in[0] + bb * in[2 * i], odd_b = b * (in[i] + bb * in[3 * i]);
    out[0] = in[0];
    out[o] = even_a + odd_a;
    out[2 * o] = even_a - odd_a;
    out[3 * o] = even_b + odd_b;
    out[4 * o] = even_b - odd_b;
    out[5 * o] = in[3 * i];
  }
};
struct WeightTransform {  // G
  static constexpr int kFrom = 3, kTo = 6;
  static void apply(const Vector* in, int i, Vector* out, int o) {
    const Vector even_a = na * (in[0] + aa * in[2 * i]), odd_a = na * a * in[i];
    const Vector even_b = nb * (in[0] + bb * in[2 * i]), odd_b = nb * b * in[i];
    out[0] = n0 * in[0];
    out[o] = even_a + odd_a;
    out[2 * o] = even_a - odd_a;
    out[3 * o] = even_b + odd_b;
    out[4 * o] = even_b - odd_b;
    out[5 * o] = in[2 * i];
  }
};
struct WeightGradientTransform {  // Gᵀ
  static constexpr int kFrom = 6, kTo = 3;
  static void apply(const Vector* in, int i, Vector* out, int o) {
    const Vector even_a = na * (in[i] + in[2 * i]), odd_a = na * a * (in[i] - in[2 * i]);
    const Vector even_b = nb * (in[3 * i] + in[4 * i]), odd_b = nb * b * (in[3 * i] - in[4 * i]);
    out[0] = n0 * in[0] + even_a + even_b;
    out[o] = odd_a + odd_b;
    out[2 * o] = aa * even_a + bb * even_b + in[5 * i];
  }
};

/// Both sides of T · in · Tᵀ.
template <typename T>
void transform(const Vector* in, Vector* out) {
  Vector half[T::kTo * T::kFrom];
  for (int j = 0; j < T::kFrom; ++j) T::apply(in + j, T::kFrom, half + j, T::kFrom);
  for (int i = 0; i < T::kTo; ++i) T::apply(half + i * T::kFrom, 1, out + i * T::kTo, 1);
}

/// The tiles of a batch of images of height x width.
struct Tiling {
  int64_t height, width, rows, columns, count;
  explicit Tiling(const Conv2dShape& s)
      : height(s.height),
        width(s.width),
        rows((s.height + kTile - 1) / kTile),
        columns((s.width + kTile - 1) / kTile),
        count(s.batch * rows * columns) {}

  /// Calls f(pixel in the batch, row in the window, column) for what lies inside the image of a
  /// window that starts `margin` before tile t.
  template <typename F>
  void each_pixel(int64_t t, int64_t size, int64_t margin, F&& f) const {
    const int64_t image = t / (rows * columns);
    const int64_t top = t / columns % rows * kTile - margin, left = t % columns * kTile - margin;
    const int64_t first_u = std::max<int64_t>(0, -top), last_u = std::min(size, height - top);
    const int64_t first_v = std::max<int64_t>(0, -left), last_v = std::min(size, width - left);
    for (int64_t u = first_u; u < last_u; ++u) {
      for (int64_t v = first_v; v < last_v; ++v)
        f((image * height + top + u) * width + left + v, u, v);
    }
  }
};

/// result[m][n] (+)= Σ over k < depth of left[m · kRow + k · kStep] · right[k · kColumns + n], for
/// m < rows, a multiple of 8, and n < kColumns. Short chains of sums are added up: with them the
/// algorithm rounds about as a direct convolution does, in one long chain nearly twice as much.
template <int64_t kRow, int64_t kStep, int64_t kColumns>
void multiply(int64_t rows, int64_t depth, const float* left, const float* right, float* result,
              bool add) {
  constexpr int kRows = 8;
  for (int64_t m = 0; m < rows; m += kRows) {
    for (int64_t n = 0; n < kColumns; n += 2 * kLanes) {
      float* to = result + m * kColumns + n;
      for (int64_t first = 0; first < depth; first += kChain) {
        Vector sum[kRows][2] = {};
        const float *l = left + m * kRow + first * kStep, *r0 = right + first * kColumns + n;
        const int64_t chain = std::min(kChain, depth - first);
        for (int64_t k = 0; k < chain; ++k, l += kStep, r0 += kColumns) {
          const Vector v0 = load(r0), v1 = load(r0 + kLanes);
          for (int r = 0; r < kRows; ++r) {
            sum[r][0] += l[r * kRow] * v0;
            sum[r][1] += l[r * kRow] * v1;
          }
        }
        for (int r = 0; r < kRows; ++r) {
          for (int v = 0; v < 2; ++v) {
            float* place = to + r * kColumns + v * kLanes;
            store(place, add || first > 0 ? load(place) + sum[r][v] : sum[r][v]);
          }
        }
      }
    }
  }
}

/// A group of tiles of one image, transformed: blocks [chunk of tiles][block of channels]. Work
/// shared among the threads of the team that calls it, which waits for all of it.
/// Tiles that fill up the last chunk are zero.
template <typename T>
void transform_tiles(const Tiling& tiling, const float* image, int64_t channels, int64_t first,
                     int64_t chunks, float* blocks) {
  constexpr int64_t kMargin = (T::kFrom - kTile) / 2;
#pragma omp for schedule(static)
  for (int64_t n = 0; n < chunks * kTiles; ++n) {
    for (int64_t c = 0; c < channels; c += kLanes) {
      float* to = blocks + (n / kTiles * (channels / kChannels) + c / kChannels) * kBlock +
                  n % kTiles * kChannels + c % kChannels;
      Vector in[T::kFrom * T::kFrom] = {}, out[kPoints];
      if (first + n < tiling.count) {
        tiling.each_pixel(first + n, T::kFrom, kMargin, [&](int64_t pixel, int64_t u, int64_t v) {
          in[u * T::kFrom + v] = load(image + pixel * channels + c);
        });
      }
      transform<T>(in, out);
      for (int64_t e = 0; e < kPoints; ++e) store(to + e * kMatrix, out[e]);
    }
  }
}

/// Exchanges the halves of a square of 2·kHalf lanes, and so on: a transposed 16x16 in four calls.
template <int kHalf>
void exchange_halves(Vector (&m)[kLanes]) {
  LaneIndices low, high;
  for (int l = 0; l < kLanes; ++l) {
    low[l] = l & kHalf ? kLanes + l - kHalf : l;
    high[l] = l & kHalf ? kLanes + l : l + kHalf;
  }
  for (int i = 0; i < kLanes; ++i) {
    if (i & kHalf) continue;
    const Vector upper = m[i], lower = m[i + kHalf];
    m[i] = __builtin_shuffle(upper, lower, low);
    m[i + kHalf] = __builtin_shuffle(upper, lower, high);
  }
}
void transpose(Vector (&m)[kLanes]) {
  exchange_halves<8>(m);
  exchange_halves<4>(m);
  exchange_halves<2>(m);
  exchange_halves<1>(m);
}

void store_weights(const Vector* weights, float* to) {
  Vector out[kPoints];
  transform<WeightTransform>(weights, out);
  for (int64_t e = 0; e < kPoints; ++e) store(to + e * kPanelMatrix, out[e]);
}

/// Transformed weights of 64 channels to sum over and a panel of results: [36][channel][result].
/// Forward: sums over input channels `from` on, for output channels `to` on.
void transform_weights(const float* weight, int64_t in_channels, int64_t from, int64_t to,
                       float* panel) {
  for (int64_t o = 0; o < kPanel; o += kLanes) {
    for (int64_t c = 0; c < kChannels; c += kLanes) {
      Vector columns[9][kLanes];
      for (int64_t uv = 0; uv < 9; ++uv) {
        for (int64_t l = 0; l < kLanes; ++l)
          columns[uv][l] = load(weight + ((to + o + l) * 9 + uv) * in_channels + from + c);
        transpose(columns[uv]);
      }
      for (int64_t l = 0; l < kLanes; ++l) {
        Vector window[9];
        for (int64_t uv = 0; uv < 9; ++uv) window[uv] = columns[uv][l];
        store_weights(window, panel + (c + l) * kPanel + o);
      }
    }
  }
}
/// Data gradient: sums over output channels `from` on, for input channels `to` on, turned.
void transform_turned_weights(const float* weight, int64_t in_channels, int64_t from, int64_t to,
                              float* panel) {
  for (int64_t o = 0; o < kChannels; ++o) {
    for (int64_t c = 0; c < kPanel; c += kLanes) {
      Vector window[9];
      for (int64_t uv = 0; uv < 9; ++uv)
        window[8 - uv] = load(weight + ((from + o) * 9 + uv) * in_channels + to + c);
      store_weights(window, panel + o * kPanel + c);
    }
  }
}

/// How many chunks of tiles are transformed at a time: enough for all threads.
int64_t chunks_at_a_time(const Tiling& tiling, int64_t threads) {
  return std::min((tiling.count + kTiles - 1) / kTiles, threads);
}
int64_t aligned_blocks(int64_t chunks, int64_t channels) {
  return chunks * (channels / kChannels) * kBlock;
}

struct Weights {
  const float* data;
  int64_t in_channels;
  bool turned;
  void transform(int64_t from, int64_t to, float* panel) const {
    (turned ? transform_turned_weights : transform_weights)(data, in_channels, from, to, panel);
  }
};

/// y (+)= the convolution of x, with `from` channels, by the weights, to `to` channels.
void convolve(Context& context, const Conv2dShape& s, const float* x, int64_t from,
              const Weights& weights, float* y, int64_t to, bool add) {
  const Tiling tiling(s);
  const int64_t group = chunks_at_a_time(tiling, context.threads());
  float* blocks =
      static_cast<float*>(context.workspace(winograd_workspace_bytes(s, context.threads())));
  float* panels = blocks + aligned_blocks(group, from);
#pragma omp parallel num_threads(context.threads())
  {
    float* weight_panel = panels + 2 * omp_get_thread_num() * kPoints * kPanelMatrix;
    float* result_panel = weight_panel + kPoints * kPanelMatrix;
    for (int64_t first = 0; first < tiling.count; first += group * kTiles) {
      const int64_t chunks = std::min(group, (tiling.count - first + kTiles - 1) / kTiles);
      transform_tiles<InputTransform>(tiling, x, from, first, chunks, blocks);
#pragma omp for collapse(2) schedule(static)
      for (int64_t chunk = 0; chunk < chunks; ++chunk) {
        for (int64_t o = 0; o < to; o += kPanel) {
          const int64_t start = first + chunk * kTiles;
          const int64_t tiles = std::min(kTiles, tiling.count - start);
          for (int64_t c = 0; c < from; c += kChannels) {
            weights.transform(c, o, weight_panel);
            const float* block = blocks + (chunk * from + c) / kChannels * kBlock;
            for (int64_t e = 0; e < kPoints; ++e) {
              multiply<kChannels, 1, kPanel>((tiles + 7) / 8 * 8, kChannels, block + e * kMatrix,
                                             weight_panel + e * kPanelMatrix,
                                             result_panel + e * kPanelMatrix, c > 0);
            }
          }
          for (int64_t t = 0; t < tiles; ++t) {
            for (int64_t l = 0; l < kPanel; l += kLanes) {
              Vector in[kPoints], out[kTile * kTile];
              for (int64_t e = 0; e < kPoints; ++e)
                in[e] = load(result_panel + e * kPanelMatrix + t * kPanel + l);
              transform<OutputTransform>(in, out);
              tiling.each_pixel(start + t, kTile, 0, [&](int64_t pixel, int64_t u, int64_t v) {
                float* place = y + pixel * to + o + l;
                const Vector value = out[u * kTile + v];
                store(place, add ? load(place) + value : value);
              });
            }
          }
        }
      }
    }
  }
}

/// Chunks of tiles that the weight gradient takes at a time. All of them, if they are few: then
/// sums need not be kept beyond a few blocks of weights.
int64_t gradient_chunks(const Tiling& tiling, int64_t threads) {
  return std::min((tiling.count + kTiles - 1) / kTiles, std::max<int64_t>(4, threads));
}
/// Blocks of weights [64 output channels][64 input channels] that are summed at a time.
int64_t gradient_blocks(const Conv2dShape& s, const Tiling& tiling, int64_t threads) {
  const int64_t all = s.in_channels / kChannels * (s.out_channels / kChannels);
  return gradient_chunks(tiling, threads) * kTiles >= tiling.count ? std::min(all, threads) : all;
}

}  // namespace

bool winograd_serves(const Conv2dShape& s) {
  const Tiling tiling(s);
  // Measured against oneDNN's direct convolution (Zen 5, 2 cores, 64 to 512 channels): from 8 tiles
  // on, at least half of them filled, all passes are faster. With fewer the transformation of the
  // weights costs more than it saves.
  const bool pays = tiling.count >= 8 && 2 * s.batch * s.height * s.width >= 16 * tiling.count;
  return s.dtype == DType::f32 && s.kernel == 3 && s.stride == 1 && s.padding == 1 &&
         s.in_channels % kChannels == 0 && s.out_channels % kChannels == 0 && pays &&
         cpu_has_avx512();
}

size_t winograd_workspace_bytes(const Conv2dShape& s, int threads) {
  const Tiling tiling(s);
  const int64_t convolve =
      aligned_blocks(chunks_at_a_time(tiling, threads), std::max(s.in_channels, s.out_channels)) +
      2 * threads * kPoints * kPanelMatrix;
  const int64_t gradient =
      aligned_blocks(gradient_chunks(tiling, threads), s.in_channels + s.out_channels) +
      gradient_blocks(s, tiling, threads) * kBlock;
  return static_cast<size_t>(std::max(convolve, gradient)) * sizeof(float);
}

void winograd_forward(Context& context, const Conv2dShape& s, const Conv2dArgs& args) {
  convolve(context, s, args.x.as<float>(), s.in_channels,
           {args.weight.as<float>(), s.in_channels, /*turned=*/false}, args.y.as<float>(),
           s.out_channels, /*add=*/false);
}

void winograd_backward_data(Context& context, const Conv2dShape& s,
                            const Conv2dBackwardDataArgs& args) {
  convolve(context, s, args.dy.as<float>(), s.out_channels,
           {args.weight.as<float>(), s.in_channels, /*turned=*/true}, args.dx.tensor.as<float>(),
           s.in_channels, args.dx.add);
}

void winograd_backward_weight(Context& context, const Conv2dShape& s,
                              const Conv2dBackwardWeightArgs& args) {
  const Tiling tiling(s);
  const int64_t C = s.in_channels, O = s.out_channels;
  const int64_t group = gradient_chunks(tiling, context.threads());
  const int64_t set = gradient_blocks(s, tiling, context.threads());
  const int64_t all = C / kChannels * (O / kChannels);
  float* x_blocks =
      static_cast<float*>(context.workspace(winograd_workspace_bytes(s, context.threads())));
  float* dy_blocks = x_blocks + aligned_blocks(group, C);
  float* sums = dy_blocks + aligned_blocks(group, O);
  float* dweight = args.dweight.tensor.as<float>();
#pragma omp parallel num_threads(context.threads())
  for (int64_t first_block = 0; first_block < all; first_block += set) {
    const int64_t blocks = std::min(set, all - first_block);
    for (int64_t first = 0; first < tiling.count; first += group * kTiles) {
      const int64_t chunks = std::min(group, (tiling.count - first + kTiles - 1) / kTiles);
      if (first_block == 0) {
        transform_tiles<InputTransform>(tiling, args.x.as<float>(), C, first, chunks, x_blocks);
        transform_tiles<OutputGradientTransform>(tiling, args.dy.as<float>(), O, first, chunks,
                                                 dy_blocks);
      }
#pragma omp for collapse(2) schedule(static)
      for (int64_t block = 0; block < blocks; ++block) {
        for (int64_t e = 0; e < kPoints; ++e) {
          const int64_t o = (first_block + block) / (C / kChannels);
          const int64_t c = (first_block + block) % (C / kChannels);
          for (int64_t chunk = 0; chunk < chunks; ++chunk) {
            multiply<1, kChannels, kChannels>(
                kChannels, std::min(kTiles, tiling.count - first - chunk * kTiles),
                dy_blocks + (chunk * (O / kChannels) + o) * kBlock + e * kMatrix,
                x_blocks + (chunk * (C / kChannels) + c) * kBlock + e * kMatrix,
                sums + block * kBlock + e * kMatrix, first + chunk > 0);
          }
        }
      }
    }
#pragma omp for collapse(2) schedule(static)
    for (int64_t block = 0; block < blocks; ++block) {
      for (int64_t row = 0; row < kChannels; ++row) {
        const int64_t o = (first_block + block) / (C / kChannels) * kChannels + row;
        const int64_t c = (first_block + block) % (C / kChannels) * kChannels;
        for (int64_t l = 0; l < kChannels; l += kLanes) {
          Vector in[kPoints], out[9];
          for (int64_t e = 0; e < kPoints; ++e)
            in[e] = load(sums + block * kBlock + e * kMatrix + row * kChannels + l);
          transform<WeightGradientTransform>(in, out);
          for (int64_t uv = 0; uv < 9; ++uv) {
            float* place = dweight + (o * 9 + uv) * C + c + l;
            store(place, args.dweight.add ? load(place) + out[uv] : out[uv]);
          }
        }
      }
    }
  }
}

}  // namespace lanet
