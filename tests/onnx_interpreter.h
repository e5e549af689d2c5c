// Evaluates an ONNX model by the definitions of https://onnx.ai/onnx/operators, in double.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

#include "tests/onnx_model.h"

namespace lanet::test {

namespace onnx {

inline OnnxTensor like(const OnnxTensor& x) {
  return {x.shape, std::vector<double>(x.values.size())};
}

/// The square window of a convolution or a pool.
struct Window {
  int64_t kernel, stride, pad;
  explicit Window(const OnnxNode& node) {
    REQUIRE(node.attributes.size() == 3);
    kernel = node.attributes.at("kernel_shape").at(0);
    stride = node.attributes.at("strides").at(0);
    pad = node.attributes.at("pads").at(0);
    CHECK(node.attributes.at("kernel_shape") == std::vector<int64_t>(2, kernel));
    CHECK(node.attributes.at("strides") == std::vector<int64_t>(2, stride));
    CHECK(node.attributes.at("pads") == std::vector<int64_t>(4, pad));
  }
  int64_t out(int64_t size) const { return (size + 2 * pad - kernel) / stride + 1; }
  /// f(output pixel, input pixel) for each output pixel of one plane whose window has an input
  /// pixel at (ky, kx).
  template <typename F>
  void each(int64_t height, int64_t width, int64_t ky, int64_t kx, F&& f) const {
    for (int64_t oy = 0; oy < out(height); ++oy) {
      const int64_t y = oy * stride + ky - pad;
      if (y < 0 || y >= height) continue;
      for (int64_t ox = 0; ox < out(width); ++ox) {
        const int64_t x = ox * stride + kx - pad;
        if (x >= 0 && x < width) f(oy * out(width) + ox, y * width + x);
      }
    }
  }
};

/// bias: null for a convolution without one.
inline OnnxTensor conv(const OnnxNode& node, const OnnxTensor& x, const OnnxTensor& w,
                       const OnnxTensor* bias) {
  const Window window(node);
  const int64_t batch = x.shape.at(0), in = x.shape.at(1), height = x.shape.at(2),
                width = x.shape.at(3), out = w.shape.at(0), k = window.kernel;
  REQUIRE(w.shape == std::vector<int64_t>{out, in, k, k});
  if (bias) REQUIRE(bias->shape == std::vector<int64_t>{out});
  OnnxTensor y{{batch, out, window.out(height), window.out(width)}, {}};
  const int64_t plane = y.shape[2] * y.shape[3];
  y.values.resize(batch * out * plane);
  for (int64_t b = 0; b < batch; ++b)
    for (int64_t o = 0; o < out; ++o) {
      double* to = y.values.data() + (b * out + o) * plane;
      std::fill_n(to, plane, bias ? bias->values[o] : 0);
      for (int64_t i = 0; i < in; ++i) {
        const double* from = x.values.data() + (b * in + i) * height * width;
        for (int64_t ky = 0; ky < k; ++ky)
          for (int64_t kx = 0; kx < k; ++kx) {
            const double weight = w.values[((o * in + i) * k + ky) * k + kx];
            window.each(height, width, ky, kx,
                        [&](int64_t p, int64_t q) { to[p] += weight * from[q]; });
          }
      }
    }
  return y;
}

inline OnnxTensor max_pool(const OnnxNode& node, const OnnxTensor& x) {
  const Window window(node);
  const int64_t height = x.shape.at(2), width = x.shape.at(3);
  OnnxTensor y{{x.shape[0], x.shape[1], window.out(height), window.out(width)}, {}};
  const int64_t plane = y.shape[2] * y.shape[3], planes = x.shape[0] * x.shape[1];
  y.values.assign(planes * plane, -std::numeric_limits<double>::infinity());
  for (int64_t c = 0; c < planes; ++c)
    for (int64_t ky = 0; ky < window.kernel; ++ky)
      for (int64_t kx = 0; kx < window.kernel; ++kx)
        window.each(height, width, ky, kx, [&](int64_t p, int64_t q) {
          double& to = y.values[c * plane + p];
          to = std::max(to, x.values[c * height * width + q]);
        });
  return y;
}

inline OnnxTensor global_average_pool(const OnnxTensor& x) {
  const int64_t pixels = x.shape.at(2) * x.shape.at(3);
  OnnxTensor y{{x.shape[0], x.shape[1], 1, 1}, {}};
  for (auto from = x.values.begin(); from != x.values.end(); from += pixels) {
    double sum = 0;
    for (int64_t i = 0; i < pixels; ++i) sum += from[i];
    y.values.push_back(sum / static_cast<double>(pixels));
  }
  return y;
}

/// x·wᵀ + bias
inline OnnxTensor gemm(const OnnxNode& node, const OnnxTensor& x, const OnnxTensor& w,
                       const OnnxTensor& bias) {
  REQUIRE(node.attributes == std::map<std::string, std::vector<int64_t>>{{"transB", {1}}});
  const int64_t rows = x.shape.at(0), in = x.shape.at(1), out = w.shape.at(0);
  REQUIRE(w.shape == std::vector<int64_t>{out, in});
  REQUIRE(bias.shape == std::vector<int64_t>{out});
  OnnxTensor y{{rows, out}, {}};
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t o = 0; o < out; ++o) {
      double sum = bias.values[o];
      for (int64_t i = 0; i < in; ++i) sum += x.values[r * in + i] * w.values[o * in + i];
      y.values.push_back(sum);
    }
  return y;
}

/// Over the last axis.
inline OnnxTensor softmax(const OnnxTensor& x) {
  OnnxTensor y = x;
  const int64_t row = x.shape.back();
  for (auto at = y.values.begin(); at != y.values.end(); at += row) {
    const double largest = *std::max_element(at, at + row);
    double sum = 0;
    for (int64_t i = 0; i < row; ++i) sum += at[i] = std::exp(at[i] - largest);
    for (int64_t i = 0; i < row; ++i) at[i] /= sum;
  }
  return y;
}

/// f of x and y, which is as large or one row along the last axis.
template <typename F>
OnnxTensor elementwise(const OnnxTensor& x, const OnnxTensor& y, F&& f) {
  const bool one_row = y.shape.size() == 1 && y.shape[0] == x.shape.back();
  REQUIRE((one_row || y.shape == x.shape));
  OnnxTensor result = like(x);
  for (size_t i = 0; i < x.values.size(); ++i)
    result.values[i] = f(x.values[i], y.values[i % y.values.size()]);
  return result;
}

/// Linear interpolation between pixel centres; beyond the outermost ones their value.
inline OnnxTensor resize(const OnnxNode& node, const OnnxTensor& x, const OnnxTensor& scales) {
  CHECK(node.attributes.empty());
  CHECK(node.texts == std::map<std::string, std::string>{{"mode", "linear"}});
  REQUIRE(scales.values.size() == 4);
  REQUIRE((scales.values[0] == 1 && scales.values[1] == 1));
  const int64_t height = x.shape.at(2), width = x.shape.at(3);
  const auto new_height = static_cast<int64_t>(static_cast<double>(height) * scales.values[2]),
             new_width = static_cast<int64_t>(static_cast<double>(width) * scales.values[3]);
  OnnxTensor y{{x.shape[0], x.shape[1], new_height, new_width}, {}};
  /// The two pixels around the place that pixel `i` lies at, and the weight of the second.
  const auto around = [](int64_t i, double scale, int64_t size) {
    const double place = (static_cast<double>(i) + 0.5) / scale - 0.5, below = std::floor(place);
    const auto inside = [&](double at) {
      return std::clamp(static_cast<int64_t>(at), int64_t{0}, size - 1);
    };
    return std::tuple(inside(below), inside(below + 1), place - below);
  };
  for (auto plane = x.values.begin(); plane != x.values.end(); plane += height * width)
    for (int64_t v = 0; v < new_height; ++v)
      for (int64_t u = 0; u < new_width; ++u) {
        const auto [top, bottom, down] = around(v, scales.values[2], height);
        const auto [left, right, across] = around(u, scales.values[3], width);
        const auto row = [&](int64_t r) {
          return (1 - across) * plane[r * width + left] + across * plane[r * width + right];
        };
        y.values.push_back((1 - down) * row(top) + down * row(bottom));
      }
  return y;
}

/// [B, H, W, C] -> [B, C, H, W]
inline OnnxTensor transpose(const OnnxNode& node, const OnnxTensor& x) {
  REQUIRE(node.attributes.at("perm") == std::vector<int64_t>{0, 3, 1, 2});
  const int64_t pixels = x.shape.at(1) * x.shape.at(2), channels = x.shape.at(3);
  OnnxTensor y = like(x);
  y.shape = {x.shape[0], channels, x.shape[1], x.shape[2]};
  for (int64_t b = 0; b < x.shape[0]; ++b)
    for (int64_t p = 0; p < pixels; ++p)
      for (int64_t c = 0; c < channels; ++c)
        y.values[(b * channels + c) * pixels + p] = x.values[(b * pixels + p) * channels + c];
  return y;
}

}  // namespace onnx

/// The value of every node by its name, for the model's only input.
inline std::map<std::string, OnnxTensor> evaluate(const OnnxModel& model, const OnnxTensor& input) {
  REQUIRE(model.inputs.size() == 1);
  std::map<std::string, OnnxTensor> values = {{model.inputs[0].name, input}};
  for (const OnnxNode& node : model.nodes) {
    CAPTURE(node.name);
    std::vector<const OnnxTensor*> in;
    for (const std::string& name : node.inputs)
      in.push_back(name.empty()                     ? nullptr
                   : model.constants.contains(name) ? &model.constants.at(name)
                                                    : &values.at(name));
    auto take = [&](size_t count) { REQUIRE(in.size() == count); };
    REQUIRE(in.at(0));
    const OnnxTensor& x = *in[0];
    OnnxTensor& y = values[node.output];
    if (node.op == "Conv") {
      REQUIRE((in.size() == 2 || in.size() == 3));
      y = onnx::conv(node, x, *in[1], in.size() == 3 ? in[2] : nullptr);
    } else if (node.op == "Gemm") {
      take(3);
      y = onnx::gemm(node, x, *in[1], *in[2]);
    } else if (node.op == "Resize") {
      take(3);
      CHECK(in[1] == nullptr);  // roi
      y = onnx::resize(node, x, *in[2]);
    } else if (node.op == "Add" || node.op == "Mul") {
      take(2);
      const bool add = node.op == "Add";
      y = onnx::elementwise(x, *in[1], [&](double a, double b) { return add ? a + b : a * b; });
    } else {
      take(1);
      if (node.op == "Relu") {
        y = x;
        for (double& value : y.values) value = std::max(value, 0.0);
      } else if (node.op == "MaxPool") {
        y = onnx::max_pool(node, x);
      } else if (node.op == "GlobalAveragePool") {
        y = onnx::global_average_pool(x);
      } else if (node.op == "Flatten") {
        CHECK(node.attributes.empty());  // behind the first axis
        y = x;
        y.shape = {x.shape.at(0), std::ssize(x.values) / x.shape.at(0)};
      } else if (node.op == "Softmax") {
        CHECK(node.attributes.empty());
        y = onnx::softmax(x);
      } else if (node.op == "Cast") {
        CHECK(node.attributes.at("to") == std::vector<int64_t>{1});  // FLOAT
        y = x;
      } else if (node.op == "Transpose") {
        y = onnx::transpose(node, x);
      } else {
        FAIL("an operator that is not known: " << node.op);
      }
    }
  }
  return values;
}

}  // namespace lanet::test
