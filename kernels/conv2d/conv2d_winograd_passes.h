// The passes of conv2d_winograd.h for one width of vectors. A file that compiles them defines
// LANET_WINOGRAD_LANES, the floats of a vector, and LANET_WINOGRAD, the namespace, includes every
// other header, says by a pragma what processor the rest of the file is for, and includes this.
// So no other function of the program is compiled for a processor that may not be there.
#pragma once

#include "kernels/conv2d/winograd_tiles.h"

namespace lanet::LANET_WINOGRAD {

size_t workspace_bytes(const Conv2dShape& shape, int threads);

namespace {

constexpr int64_t kTile = 4;                    // results a side
constexpr int64_t kWindow = 6;                  // inputs that they need a side
constexpr int64_t kPoints = kWindow * kWindow;  // products a tile

// The transformed images are made of blocks of this many tiles and channels: 36 matrices
// [tile][channel], a little apart, because the caches keep addresses 4 KB apart in the same place.
constexpr int64_t kTiles = 64;
constexpr int64_t kChannels = 64;
constexpr int64_t kApart = 16;
constexpr int64_t kMatrix = kTiles * kChannels + kApart;
constexpr int64_t kBlock = kPoints * kMatrix;
// One panel of results: so many channels. Its 36 matrices stay in the core's second-level cache.
constexpr int64_t kPanel = 32;
constexpr int64_t kPanelMatrix = kTiles * kPanel + kApart;

/// The tiles of a batch of images of height x width.
struct Tiling {
  int64_t height, width, rows, columns, count;
  explicit Tiling(const Conv2dShape& s)
      : height(s.height),
        width(s.width),
        rows((s.height + kTile - 1) / kTile),
        columns((s.width + kTile - 1) / kTile),
        count(s.batch * rows * columns) {}
};

/// kSize x kSize pixels of an image, around or at a tile, of which some may lie outside.
template <int64_t kSize>
struct Window {
  int64_t corner, width;  // the upper left pixel's number in the batch, which it may not have
  int64_t first_u, last_u, first_v, last_v;  // what lies inside

  Window(const Tiling& tiling, int64_t tile) {
    constexpr int64_t kMargin = (kSize - kTile) / 2;
    const int64_t image = tile / (tiling.rows * tiling.columns);
    const int64_t top = tile / tiling.columns % tiling.rows * kTile - kMargin;
    const int64_t left = tile % tiling.columns * kTile - kMargin;
    width = tiling.width;
    corner = (image * tiling.height + top) * width + left;
    first_u = std::max<int64_t>(0, -top), last_u = std::min(kSize, tiling.height - top);
    first_v = std::max<int64_t>(0, -left), last_v = std::min(kSize, width - left);
  }
  bool whole() const { return first_u == 0 && first_v == 0 && last_u == kSize && last_v == kSize; }
  /// Calls f(number of the pixel, its place in the window) for what lies inside.
  template <typename F>
  void each_pixel(F&& f) const {
    if (whole()) {
      for (int64_t u = 0; u < kSize; ++u)
        for (int64_t v = 0; v < kSize; ++v) f(corner + u * width + v, u * kSize + v);
    } else {
      for (int64_t u = first_u; u < last_u; ++u)
        for (int64_t v = first_v; v < last_v; ++v) f(corner + u * width + v, u * kSize + v);
    }
  }
};

/// Tiles of images, transformed, from the tile `first` on: blocks [chunk of tiles][block of
/// channels], in which the tiles that are not there are zero. Work shared among the threads of the
/// team that calls it, which waits for all of it.
template <typename T>
void transform_tiles(const Tiling& tiling, const float* image, int64_t channels, int64_t first,
                     int64_t chunks, float* blocks) {
#pragma omp for schedule(static)
  for (int64_t n = 0; n < chunks * kTiles; ++n) {
    const Window<T::kFrom> window(tiling, first + n);
    for (int64_t c = 0; c < channels; c += kLanes) {
      float* to = blocks + (n / kTiles * (channels / kChannels) + c / kChannels) * kBlock +
                  n % kTiles * kChannels + c % kChannels;
      Vector in[T::kFrom * T::kFrom], out[kPoints];
      const bool exists = first + n < tiling.count;
      if (!exists || !window.whole()) std::fill(std::begin(in), std::end(in), Vector{});
      if (exists) {
        window.each_pixel(
            [&](int64_t pixel, int64_t place) { in[place] = load(image + pixel * channels + c); });
      }
      transform<T>(in, out);
      for (int64_t e = 0; e < kPoints; ++e) store(to + e * kMatrix, out[e]);
    }
  }
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
/// Floats of that many chunks, transformed.
int64_t block_floats(int64_t chunks, int64_t channels) {
  return chunks * (channels / kChannels) * kBlock;
}

/// The weights of a convolution, as they are, or turned and with inputs and outputs exchanged.
struct Weights {
  const float* data;
  int64_t in_channels;
  bool turned;
  void transform(int64_t from, int64_t to, float* panel) const {
    (turned ? transform_turned_weights : transform_weights)(data, in_channels, from, to, panel);
  }
};

/// Transforms the products of a panel back and writes or adds them to its channels of y, of which a
/// pixel has `channels`, in so many tiles from `start` on.
void write_panel(const Tiling& tiling, int64_t start, int64_t tiles, const float* panel, float* y,
                 int64_t channels, bool add) {
  for (int64_t t = 0; t < tiles; ++t) {
    const Window<kTile> window(tiling, start + t);
    for (int64_t l = 0; l < kPanel; l += kLanes) {
      Vector in[kPoints], out[kTile * kTile];
      for (int64_t e = 0; e < kPoints; ++e) in[e] = load(panel + e * kPanelMatrix + t * kPanel + l);
      transform<OutputTransform>(in, out);
      window.each_pixel([&](int64_t pixel, int64_t place) {
        float* value = y + pixel * channels + l;
        store(value, add ? load(value) + out[place] : out[place]);
      });
    }
  }
}

/// y (+)= the convolution of x, with `from` channels, by the weights, to `to` channels.
void convolve(Context& context, const Conv2dShape& s, const float* x, int64_t from,
              const Weights& weights, float* y, int64_t to, bool add) {
  const Tiling tiling(s);
  const int64_t group = chunks_at_a_time(tiling, context.threads());
  float* blocks = static_cast<float*>(context.workspace(workspace_bytes(s, context.threads())));
  float* panels = blocks + block_floats(group, from);
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
          write_panel(tiling, start, tiles, result_panel, y + o, to, add);
        }
      }
    }
  }
}

/// Blocks of weights [64 output channels][64 input channels] whose gradient is summed at a time.
/// Where all tiles are transformed at once their sums are finished one after another, and stay in
/// caches.
int64_t gradient_blocks(const Conv2dShape& s, const Tiling& tiling, int64_t threads) {
  const int64_t all = s.in_channels / kChannels * (s.out_channels / kChannels);
  return chunks_at_a_time(tiling, threads) * kTiles >= tiling.count ? std::min(all, threads) : all;
}

/// Transforms the sums of 64 input channels back and writes or adds them to one output channel's
/// weights, of which a place in the window has `channels`.
void write_weight_gradient(const float* sums, float* dweight, int64_t channels, bool add) {
  for (int64_t l = 0; l < kChannels; l += kLanes) {
    Vector in[kPoints], out[9];
    for (int64_t e = 0; e < kPoints; ++e) in[e] = load(sums + e * kMatrix + l);
    transform<WeightGradientTransform>(in, out);
    for (int64_t uv = 0; uv < 9; ++uv) {
      float* place = dweight + uv * channels + l;
      store(place, add ? load(place) + out[uv] : out[uv]);
    }
  }
}

}  // namespace

size_t workspace_bytes(const Conv2dShape& s, int threads) {
  const Tiling tiling(s);
  const int64_t convolve =
      block_floats(chunks_at_a_time(tiling, threads), std::max(s.in_channels, s.out_channels)) +
      2 * threads * kPoints * kPanelMatrix;
  const int64_t gradient =
      block_floats(chunks_at_a_time(tiling, threads), s.in_channels + s.out_channels) +
      gradient_blocks(s, tiling, threads) * kBlock;
  return static_cast<size_t>(std::max(convolve, gradient)) * sizeof(float);
}

void forward(Context& context, const Conv2dShape& s, const Conv2dArgs& args) {
  convolve(context, s, args.x.as<float>(), s.in_channels,
           {args.weight.as<float>(), s.in_channels, /*turned=*/false}, args.y.as<float>(),
           s.out_channels, /*add=*/false);
}

void backward_data(Context& context, const Conv2dShape& s, const Conv2dBackwardDataArgs& args) {
  convolve(context, s, args.dy.as<float>(), s.out_channels,
           {args.weight.as<float>(), s.in_channels, /*turned=*/true}, args.dx.tensor.as<float>(),
           s.in_channels, args.dx.add);
}

void backward_weight(Context& context, const Conv2dShape& s, const Conv2dBackwardWeightArgs& args) {
  const Tiling tiling(s);
  const int64_t C = s.in_channels, O = s.out_channels;
  const int64_t group = chunks_at_a_time(tiling, context.threads());
  const int64_t set = gradient_blocks(s, tiling, context.threads());
  const int64_t all = C / kChannels * (O / kChannels);
  float* x_blocks = static_cast<float*>(context.workspace(workspace_bytes(s, context.threads())));
  float* dy_blocks = x_blocks + block_floats(group, C);
  float* sums = dy_blocks + block_floats(group, O);
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
        write_weight_gradient(sums + block * kBlock + row * kChannels, dweight + o * 9 * C + c, C,
                              args.dweight.add);
      }
    }
  }
}

}  // namespace lanet::LANET_WINOGRAD
