// A classifier as an ONNX model, each backbone: the graph, the folded weights, and torchvision's
// logits of weights by formula (tests/fixtures/resnets.json).
#include "core/parameter_io.h"
#include "data/image_set.h"
#include "models/landmark_reader.h"
#include "tests/golden.h"
#include "tests/onnx_interpreter.h"
#include "tests/train/torchvision_networks.h"
#include "train/checkpoint.h"
#include "train/config/choices.h"
#include "train/export_onnx.h"

namespace lanet::test {
namespace {

constexpr int64_t kClasses = 7, kBatch = 2, kSize = 64;

/// The network of make_resnets.py, in f32.
const NamedArrays& network_by_formula(std::string_view backbone) {
  static std::map<std::string_view, NamedArrays> made;
  NamedArrays& weights = made[backbone];
  if (!weights.arrays.empty()) return weights;
  for (const auto& [name, dims] : torchvision_networks().at(backbone).at("tensors").items()) {
    HostArray array(dims.get<std::vector<int64_t>>(), HostDType::f32);
    const auto [low, high] = interval(name, array.shape);
    const std::vector<double> values = golden_fill(name, array.elements(), low, high);
    weights.arrays[name] =
        HostArray::from<float>(array.shape, std::vector<float>(values.begin(), values.end()));
  }
  weights.metadata = {{"format", "pt"}, {"program_version", "1.2.3"}, {"classes", "[\"ä\"]"}};
  return weights;
}

OnnxModel export_by_formula(std::string_view backbone, OnnxInput input) {
  const std::string file =
      onnx_classifier(network_by_formula(backbone), choice_from<Backbone>(backbone), kSize, input);
  return read_onnx(file);
}

double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  double largest = 0;
  for (size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

/// The images of make_resnets.py.
OnnxTensor images_by_formula() {
  return {{kBatch, 3, kSize, kSize}, golden_fill("images", kBatch * 3 * kSize * kSize, -1, 1)};
}

/// The name of the batch norm behind a convolution, by torchvision's rule.
std::string norm_of(std::string name) {
  const size_t conv = name.rfind("conv");
  if (conv != std::string::npos) return name.replace(conv, 4, "bn");
  REQUIRE(name.ends_with(".downsample.0"));
  name.back() = '1';
  return name;
}

constexpr int64_t kLandmarks = 5;

/// That network with a landmark branch by formula, as torchvision_weights() makes it; `checkpoint`
/// gets all that a LandmarkReader needs, under its names.
NamedArrays network_with_landmarks(Backbone backbone, NamedArrays& checkpoint) {
  NamedArrays weights = network_by_formula(name_of(backbone));
  ParameterStore store(DType::f32, Device::cpu);
  const LandmarkReader reader(store, backbone, kLandmarks, kSize, kBatch);
  for (const Parameter& parameter : store.parameters()) {
    const std::string name = parameter.name.substr(std::string("f_q.").size());
    HostArray array = HostArray(parameter.file_shape(), HostDType::f32);
    if (const auto found = weights.arrays.find(name); found != weights.arrays.end()) {
      array = found->second;
    } else {
      const auto [low, high] = interval(name, array.shape);
      const std::vector<double> values = golden_fill(name, array.elements(), low, high);
      array = HostArray::from<float>(array.shape, std::vector<float>(values.begin(), values.end()));
      weights.arrays[name] = array;
    }
    checkpoint.arrays[parameter.name] = array;
  }
  return weights;
}

}  // namespace

TEST_CASE("export onnx: each backbone has torchvision's convolutions, with the norms folded in") {
  for (const std::string_view backbone : kNames<Backbone>) {
    CAPTURE(backbone);
    const NamedArrays& weights = network_by_formula(backbone);
    const OnnxModel model = export_by_formula(backbone, OnnxInput::normalised);
    check_topology(model);
    CHECK(model.name == backbone);

    std::set<std::string> expected;
    for (const auto& tensor : weights.arrays) {
      const std::string& name = tensor.first;
      const HostArray& array = tensor.second;
      CAPTURE(name);
      if (name.starts_with("fc.")) {
        expected.insert(name);
        CHECK(model.constants.at(name).shape == array.shape);
        CHECK(model.constants.at(name).values == array.to<double>());
      }
      if (array.shape.size() != 4) continue;
      const std::string layer = name.substr(0, name.size() - std::string(".weight").size());
      expected.insert({layer + ".weight", layer + ".bias"});
      const OnnxTensor& weight = model.constants.at(layer + ".weight");
      const OnnxTensor& bias = model.constants.at(layer + ".bias");
      CHECK(weight.shape == array.shape);
      REQUIRE(bias.shape == std::vector<int64_t>{array.shape[0]});

      // What the norm does to w·x, at two x.
      const std::string norm = norm_of(layer);
      const std::vector<double> plain = array.to<double>();
      const size_t per_channel = plain.size() / bias.values.size();
      double largest = 0;
      for (size_t c = 0; c < bias.values.size(); ++c) {
        auto of = [&](const char* what) {
          return weights.arrays.at(norm + what).at(static_cast<int64_t>(c));
        };
        const double mean = of(".running_mean"), deviation = std::sqrt(of(".running_var") + 1e-5),
                     gamma = of(".weight"), beta = of(".bias");
        for (size_t i = c * per_channel; i < (c + 1) * per_channel; ++i)
          for (const double x : {0.0, 1.5}) {
            const double normed = (plain[i] * x - mean) / deviation * gamma + beta;
            largest = std::max(largest, std::abs(weight.values[i] * x + bias.values[c] - normed));
          }
      }
      CHECK(largest < 1e-7);
    }
    std::set<std::string> found;
    for (const auto& [name, tensor] : model.constants) found.insert(name);
    CHECK(found == expected);
  }
}

TEST_CASE("export onnx: each backbone gives torchvision's logits, and their softmax") {
  for (const std::string_view backbone : kNames<Backbone>) {
    CAPTURE(backbone);
    const OnnxModel model = export_by_formula(backbone, OnnxInput::normalised);
    const auto values = evaluate(model, images_by_formula());
    const OnnxTensor& logits = values.at("logits");
    CHECK(logits.shape == std::vector<int64_t>{kBatch, kClasses});
    const OwnedTensor ours({kBatch, kClasses}, DType::f64,
                           [&](int64_t i) { return logits.values[i]; });
    CHECK(relative_error(ours, golden_array(torchvision_networks().at(backbone).at("logits"),
                                            {kBatch, kClasses})) < 1e-6);

    const OnnxTensor& probabilities = values.at("probabilities");
    CHECK(probabilities.shape == logits.shape);
    for (int64_t b = 0; b < kBatch; ++b) {
      const double *row = logits.values.data() + b * kClasses,
                   *found = probabilities.values.data() + b * kClasses;
      for (int64_t c = 0; c < kClasses; ++c) {
        double inverse = 0;
        for (int64_t other = 0; other < kClasses; ++other) inverse += std::exp(row[other] - row[c]);
        CHECK(found[c] == doctest::Approx(1 / inverse));
      }
    }
  }
}

TEST_CASE("export onnx: with preprocessing, pixels give the logits of the normalised picture") {
  const OnnxModel plain = export_by_formula("resnet18", OnnxInput::normalised);
  const OnnxModel model = export_by_formula("resnet18", OnnxInput::pixels);
  check_topology(model);
  OnnxTensor pixels{{1, kSize, kSize, 3}, {}}, planes{{1, 3, kSize, kSize}, {}};
  for (int64_t i = 0; i < kSize * kSize * 3; ++i)
    pixels.values.push_back(static_cast<double>((i * i * 7 + 31 * i) % 256));
  for (size_t c = 0; c < 3; ++c)
    for (int64_t p = 0; p < kSize * kSize; ++p)
      planes.values.push_back((pixels.values[p * 3 + c] / 255 - kPictureMean[c]) /
                              kPictureDeviation[c]);
  const auto values = evaluate(model, pixels);
  CHECK(values.at("planes").shape == planes.shape);
  CHECK(largest_difference(values.at("planes").values, planes.values) < 1e-6);
  CHECK(largest_difference(values.at("logits").values,
                           evaluate(plain, planes).at("logits").values) < 1e-5);
}

TEST_CASE(
    "export onnx: with the landmark branch, each backbone also gives LandmarkReader's heatmaps") {
  for (const std::string_view name : kNames<Backbone>) {
    CAPTURE(name);
    const auto backbone = choice_from<Backbone>(name);
    NamedArrays checkpoint;
    const NamedArrays weights = network_with_landmarks(backbone, checkpoint);
    const OnnxModel model =
        read_onnx(onnx_classifier(weights, backbone, kSize, OnnxInput::normalised));
    check_topology(model);
    REQUIRE(model.outputs.size() == 3);
    CHECK(model.outputs[2].name == "heatmaps");
    CHECK(model.outputs[2].element == 1);  // FLOAT
    CHECK(model.outputs[2].shape == std::vector<std::string>{"batch", "5", "16", "16"});

    const OnnxTensor images = images_by_formula();
    const auto values = evaluate(model, images);
    const OnnxTensor& heatmaps = values.at("heatmaps");
    const int64_t side = kSize / 4, cells = side * side;
    CHECK(heatmaps.shape == std::vector<int64_t>{kBatch, kLandmarks, side, side});
    CHECK(values.at("logits").values ==
          evaluate(export_by_formula(name, OnnxInput::normalised), images).at("logits").values);

    Context context;
    ParameterStore store(DType::f32, Device::cpu);
    LandmarkReader reader(store, backbone, kLandmarks, kSize, kBatch);
    store.allocate(context, /*for_training=*/false);
    load_parameters(context, checkpoint, "checkpoint", store);
    reader.plan(context);
    std::vector<double> pixels(images.values.size());
    for (int64_t b = 0; b < kBatch; ++b)
      for (int64_t c = 0; c < 3; ++c)
        for (int64_t p = 0; p < kSize * kSize; ++p)
          pixels[(b * kSize * kSize + p) * 3 + c] = images.values[(b * 3 + c) * kSize * kSize + p];
    write_tensor(context, reader.images(), pixels);
    reader.forward(context);
    const std::vector<double> seen = read_tensor(context, reader.heatmaps());
    std::vector<double> planes;
    for (int64_t b = 0; b < kBatch; ++b)
      for (int64_t l = 0; l < kLandmarks; ++l)
        for (int64_t p = 0; p < cells; ++p)
          planes.push_back(seen[(b * cells + p) * kLandmarks + l]);
    const double largest = std::abs(*std::max_element(
        seen.begin(), seen.end(), [](double a, double b) { return std::abs(a) < std::abs(b); }));
    CHECK(largest > 0.01);
    CHECK(largest_difference(heatmaps.values, planes) < 1e-5 * largest);
  }
}

TEST_CASE("export onnx: what the file says of itself") {
  const OnnxModel model = export_by_formula("resnet18", OnnxInput::normalised);
  CHECK(model.ir_version == 8);
  CHECK(model.opset == 13);
  CHECK(model.producer == "lanet-cuda");
  CHECK(model.producer_version == "1.2.3");
  CHECK(model.metadata ==
        std::map<std::string, std::string>{{"program_version", "1.2.3"}, {"classes", "[\"ä\"]"}});
  using Shape = std::vector<std::string>;
  REQUIRE(model.inputs.size() == 1);
  CHECK(model.inputs[0].name == "input");
  CHECK(model.inputs[0].element == 1);  // FLOAT
  CHECK(model.inputs[0].shape == Shape{"batch", "3", "64", "64"});
  REQUIRE(model.outputs.size() == 2);
  CHECK(model.outputs[0].name == "logits");
  CHECK(model.outputs[1].name == "probabilities");
  for (const OnnxValue& output : model.outputs) {
    CHECK(output.element == 1);
    CHECK(output.shape == Shape{"batch", "7"});
  }
  const OnnxModel pixels = export_by_formula("resnet18", OnnxInput::pixels);
  CHECK(pixels.inputs[0].element == 2);  // UINT8
  CHECK(pixels.inputs[0].shape == Shape{"batch", "64", "64", "3"});
}

}  // namespace lanet::test
