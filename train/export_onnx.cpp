#include "train/export_onnx.h"

#include <array>
#include <cmath>

#include "core/files/onnx_graph.h"
#include "data/image_set.h"
#include "kernels/batch_norm/batch_norm.h"
#include "kernels/heatmap.h"

namespace lanet {

namespace {

/// The layers of a ResNet, whose values have the names of torchvision's modules.
class OnnxResNet {
 public:
  OnnxResNet(OnnxGraph& graph, const NamedArrays& weights, const ResNet& resnet)
      : graph_(graph), weights_(weights), resnet_(resnet) {}

  /// Stem and layer1: [batch, 64e, S/4, S/4] from [batch, 3, S, S].
  std::string shared(std::string x) {
    x = relu(convolution("conv1", "bn1", x, 2));
    return stage("layer1", graph_.node("MaxPool", {x}, "maxpool", window(3, 2)), 1);
  }

  /// [batch, C] from the shared part.
  std::string logits(std::string x) {
    for (int number = 2; number <= 4; ++number)
      x = stage(fmt::format("layer{}", number), x, number);
    x = graph_.node("GlobalAveragePool", {x}, "avgpool");
    x = graph_.node("Flatten", {x}, "features");
    return graph_.node("Gemm", {x, constant("fc.weight"), constant("fc.bias")}, "logits",
                       {{"transB", int64_t{1}}});
  }

  /// [batch, L, S/4, S/4] from the shared part, with the head collapsed as in record_landmarks().
  std::string heatmaps(const std::string& shared) {
    std::array<std::string, 4> x = {shared};
    for (int i = 1; i < 4; ++i) x[i] = stage(fmt::format("lm_layer{}", i + 1), x[i - 1], i + 1);
    const std::string doubled = graph_.constant("lm_fc.scales", {4}, {1, 1, 2, 2});
    std::string sum;
    for (int i = 3; i >= 0; --i) {
      const std::string name = fmt::format("lm_fc.latlayer{}", i + 1);
      const std::string part =
          graph_.node("Conv", {x[i], lateral(i + 1, name + ".weight")}, name, window(1, 1));
      if (sum.empty()) {
        sum = part;
        continue;
      }
      const std::string up = graph_.node("Resize", {sum, "", doubled}, name + ".up",
                                         {{"mode", std::string("linear")}});
      sum = graph_.node("Add", {up, part}, i == 0 ? "heatmaps" : name + ".sum");
    }
    return sum;
  }

 private:
  std::string stage(const std::string& name, std::string x, int number) {
    for (int i = 0; i < resnet_.blocks[number - 1]; ++i)
      x = block(fmt::format("{}.{}", name, i), x, number > 1 && i == 0 ? 2 : 1);
    return x;
  }

  std::string block(const std::string& name, const std::string& x, int64_t stride) {
    const bool bottleneck = resnet_.block.expansion == kBottleneck.expansion;
    const int last = bottleneck ? 3 : 2, strided = bottleneck ? 2 : 1;
    std::string y = x;
    for (int i = 1; i <= last; ++i) {
      y = convolution(fmt::format("{}.conv{}", name, i), fmt::format("{}.bn{}", name, i), y,
                      i == strided ? stride : 1);
      if (i < last) y = relu(y);
    }
    const std::string shortcut =
        weights_.arrays.contains(name + ".downsample.0.weight")
            ? convolution(name + ".downsample.0", name + ".downsample.1", x, stride)
            : x;
    return relu(graph_.node("Add", {y, shortcut}, name));
  }

  /// A convolution and the batch norm behind it as one convolution:
  ///   w' = w·γ/√(var + ε), b' = β − mean·γ/√(var + ε)
  std::string convolution(const std::string& name, const std::string& norm, const std::string& x,
                          int64_t stride) {
    const HostArray& array = weights_.arrays.at(name + ".weight");
    const auto gamma = values(norm + ".weight"), beta = values(norm + ".bias"),
               mean = values(norm + ".running_mean"), variance = values(norm + ".running_var");
    std::vector<double> weight = array.to<double>(), bias;
    const size_t per_channel = weight.size() / gamma.size();
    for (size_t c = 0; c < gamma.size(); ++c) {
      const double factor = gamma[c] / std::sqrt(variance[c] + kBatchNormEpsilon);
      for (size_t i = 0; i < per_channel; ++i) weight[c * per_channel + i] *= factor;
      bias.push_back(beta[c] - mean[c] * factor);
    }
    const std::string w = graph_.constant(name + ".weight", array.shape, weight);
    const std::string b = graph_.constant(name + ".bias", {std::ssize(bias)}, bias);
    return graph_.node("Conv", {x, w, b}, name, window(array.shape[2], stride));
  }

  /// The product of lm_fc and a lateral, [L, C_i, 1, 1], as a constant of this name.
  std::string lateral(int number, const std::string& name) {
    const std::string layer = fmt::format("latlayer{}.weight", number);
    const std::vector<double> head = values("lm_fc.weight"), by = values(layer);
    const std::vector<int64_t>& shape = weights_.arrays.at(layer).shape;
    const int64_t width = shape[0], channels = shape[1], landmarks = std::ssize(head) / width;
    std::vector<double> product(landmarks * channels);
    for (int64_t l = 0; l < landmarks; ++l)
      for (int64_t d = 0; d < width; ++d)
        for (int64_t c = 0; c < channels; ++c)
          product[l * channels + c] += head[l * width + d] * by[d * channels + c];
    return graph_.constant(name, {landmarks, channels, 1, 1}, product);
  }

  std::string relu(const std::string& x) { return graph_.node("Relu", {x}, x + ".relu"); }

  /// The attributes of a square window around its pixel.
  static std::vector<OnnxGraph::Attribute> window(int64_t kernel, int64_t stride) {
    return {{"kernel_shape", std::vector<int64_t>(2, kernel)},
            {"pads", std::vector<int64_t>(4, (kernel - 1) / 2)},
            {"strides", std::vector<int64_t>(2, stride)}};
  }

  std::vector<double> values(const std::string& name) const {
    return weights_.arrays.at(name).to<double>();
  }
  std::string constant(const std::string& name) {
    return graph_.constant(name, weights_.arrays.at(name).shape, values(name));
  }

  OnnxGraph& graph_;
  const NamedArrays& weights_;
  const ResNet& resnet_;
};

/// f32 [batch, 3, S, S] from u8 [batch, S, S, 3].
std::string normalise(OnnxGraph& graph, const std::string& pixels) {
  std::vector<double> scale, shift;  // (x/255 − mean)/deviation = x·scale + shift
  for (size_t c = 0; c < kPictureMean.size(); ++c) {
    scale.push_back(1 / (255 * kPictureDeviation[c]));
    shift.push_back(-kPictureMean[c] / kPictureDeviation[c]);
  }
  std::string x = graph.node("Cast", {pixels}, "levels",
                             {{"to", static_cast<int64_t>(OnnxGraph::Element::f32)}});
  x = graph.node("Mul", {x, graph.constant("scale", {kImageChannels}, scale)}, "scaled");
  x = graph.node("Add", {x, graph.constant("shift", {kImageChannels}, shift)}, "normalised");
  return graph.node("Transpose", {x}, "planes", {{"perm", std::vector<int64_t>{0, 3, 1, 2}}});
}

}  // namespace

std::string onnx_classifier(const NamedArrays& weights, Backbone backbone, int64_t image_size,
                            OnnxInput input) {
  using Element = OnnxGraph::Element;
  const ResNet& resnet = kResNets[static_cast<size_t>(backbone)];
  const std::vector<int64_t> classes = weights.arrays.at("fc.bias").shape;
  OnnxGraph graph(resnet.name);
  std::string x;
  if (input == OnnxInput::pixels)
    x = normalise(graph, graph.input("input", Element::u8, {image_size, image_size, 3}));
  else
    x = graph.input("input", Element::f32, {3, image_size, image_size});
  OnnxResNet network(graph, weights, resnet);
  const std::string shared = network.shared(x), logits = network.logits(shared);
  graph.output(logits, Element::f32, classes);
  graph.output(graph.node("Softmax", {logits}, "probabilities"), Element::f32, classes);
  if (const auto head = weights.arrays.find("lm_fc.weight"); head != weights.arrays.end()) {
    const int64_t landmarks = head->second.shape[0], side = image_size / kHeatmapStride;
    graph.output(network.heatmaps(shared), Element::f32, {landmarks, side, side});
  }

  std::map<std::string, std::string> metadata = weights.metadata;
  metadata.erase("format");  // of safetensors
  return graph.model(metadata["program_version"], metadata);
}

}  // namespace lanet
