#include "kernels/conv2d/conv2d_pixels.h"

#include <algorithm>
#include <vector>

#include "kernels/matrix_product.h"

namespace lanet {

namespace {

/// Numbers of an output pixel and an input pixel of an image, and of the weight between them.
struct Pair {
  int64_t out, in, tap;
};

std::vector<Pair> pairs_of(const Conv2dShape& s) {
  std::vector<Pair> pairs;
  for (int64_t i = 0; i < s.out_height(); ++i) {
    for (int64_t j = 0; j < s.out_width(); ++j) {
      for (int64_t u = 0; u < s.kernel; ++u) {
        for (int64_t v = 0; v < s.kernel; ++v) {
          const int64_t row = i * s.stride - s.padding + u, column = j * s.stride - s.padding + v;
          if (row < 0 || row >= s.height || column < 0 || column >= s.width) continue;
          pairs.push_back({i * s.out_width() + j, row * s.width + column, u * s.kernel + v});
        }
      }
    }
  }
  return pairs;
}

/// Parts of a result that products are written to: the first product of a part sets it, the others
/// add to it, and what has none is zero. Where the whole is added to, all add.
class Parts {
 public:
  Parts(int64_t count, bool add) : written_(count, add) {}
  bool add(int64_t part) {
    const bool before = written_[part];
    written_[part] = true;
    return before;
  }
  /// Parts of `width` values side by side in each of `rows` rows.
  void clear_others(float* data, int64_t rows, int64_t width) const {
    const auto count = std::ssize(written_);
    for (int64_t part = 0; part < count; ++part) {
      if (written_[part]) continue;
      for (int64_t row = 0; row < rows; ++row)
        std::fill_n(data + (row * count + part) * width, width, 0.0f);
    }
  }

 private:
  std::vector<bool> written_;
};

void forward(Context& context, const Conv2dShape& s, const Conv2dArgs& args) {
  const int64_t C = s.in_channels, O = s.out_channels, taps = s.kernel * s.kernel;
  const int64_t in_pixels = s.height * s.width, out_pixels = s.out_height() * s.out_width();
  const float *x = args.x.as<float>(), *weight = args.weight.as<float>();
  float* y = args.y.as<float>();
  Parts parts(out_pixels, /*add=*/false);  // each window reads at least one pixel
  for (const auto& [out, in, tap] : pairs_of(s)) {
    matrix_product<float>(context, s.batch, O, C, {x + in * C, in_pixels * C},
                          {weight + tap * C, taps * C, /*transposed=*/true}, y + out * O,
                          out_pixels * O, parts.add(out));
  }
}

void backward_data(Context& context, const Conv2dShape& s, const Conv2dBackwardDataArgs& args) {
  const int64_t C = s.in_channels, O = s.out_channels, taps = s.kernel * s.kernel;
  const int64_t in_pixels = s.height * s.width, out_pixels = s.out_height() * s.out_width();
  const float *dy = args.dy.as<float>(), *weight = args.weight.as<float>();
  float* dx = args.dx.tensor.as<float>();
  Parts parts(in_pixels, args.dx.add);
  for (const auto& [out, in, tap] : pairs_of(s)) {
    matrix_product<float>(context, s.batch, C, O, {dy + out * O, out_pixels * O},
                          {weight + tap * C, taps * C}, dx + in * C, in_pixels * C, parts.add(in));
  }
  parts.clear_others(dx, s.batch, C);
}

void backward_weight(Context& context, const Conv2dShape& s, const Conv2dBackwardWeightArgs& args) {
  const int64_t C = s.in_channels, O = s.out_channels, taps = s.kernel * s.kernel;
  const int64_t in_pixels = s.height * s.width, out_pixels = s.out_height() * s.out_width();
  const float *x = args.x.as<float>(), *dy = args.dy.as<float>();
  float* dweight = args.dweight.tensor.as<float>();
  Parts parts(taps, args.dweight.add);
  for (const auto& [out, in, tap] : pairs_of(s)) {
    matrix_product<float>(context, O, C, s.batch,
                          {dy + out * O, out_pixels * O, /*transposed=*/true},
                          {x + in * C, in_pixels * C}, dweight + tap * C, taps * C, parts.add(tap));
  }
  parts.clear_others(dweight, O, C);
}

}  // namespace

const Conv2dPasses kPixelPasses{"products of pixels",
                                [](const Conv2dShape&, int) { return size_t{0}; }, forward,
                                backward_data, backward_weight};

bool pixels_serve(const Conv2dShape& s) {
  const int64_t pixels = s.out_height() * s.out_width(), taps = s.kernel * s.kernel;
  // Measured against oneDNN's direct convolution (AVX2, 1 core, layer4 of a ResNet-18 at 64
  // pixels): all passes together take 0.4 to 0.6 of the time with 4 to 128 images, 0.6 to 1 with
  // one or two. At 3x3 output pixels one or two images would take up to twice the time.
  return s.dtype == DType::f32 && s.in_channels >= 64 && s.out_channels >= 64 && pixels <= 4 &&
         5 * std::ssize(pairs_of(s)) <= 4 * pixels * taps;
}

}  // namespace lanet
