// Every backbone against torchvision's network of that name (tests/fixtures/resnets.json, which
// make_resnets.py beside it made): names, shapes, and the logits of weights by formula.
#include "core/parameter_io.h"
#include "tests/golden.h"
#include "tests/train/torchvision_networks.h"
#include "train/config/choices.h"
#include "train/pretrained.h"

namespace lanet::test {
namespace {

constexpr int64_t kClasses = 7, kBatch = 2, kSize = 64;

/// What torchvision's network has, without values.
NamedArrays without_values(const nlohmann::json& network) {
  NamedArrays file;
  for (const auto& [name, shape] : network.at("tensors").items())
    file.arrays[name].shape = shape.get<std::vector<int64_t>>();
  return file;
}

}  // namespace

TEST_CASE(
    "torchvision: a classifier has the tensors and the logits of its network, each backbone") {
  REQUIRE(torchvision_networks().size() == kNames<Backbone>.size());
  for (const std::string_view name : kNames<Backbone>) {
    CAPTURE(name);
    const auto& network = torchvision_networks().at(name);
    const NamedArrays file = without_values(network);
    const BackboneMap map = map_backbone(file);
    for (const std::string_view other : kNames<Backbone>)
      CHECK(refusal(file, map, choice_from<Backbone>(other)).empty() == (other == name));

    Context context;
    ParameterStore store(DType::f64, Device::cpu);
    Classifier classifier(store, choice_from<Backbone>(name), kClasses, kSize, kBatch);
    store.allocate(context, /*for_training=*/false);
    classifier.plan(context);
    auto source = map.source;
    for (const std::string fc : {"fc.weight", "fc.bias"}) source["f_q.fer_" + fc] = fc;
    for (const Parameter& p : store.parameters()) {
      const std::string& theirs = source.at(p.name);
      CAPTURE(theirs);
      REQUIRE(p.file_shape() == file.arrays.at(theirs).shape);
      const auto [low, high] = interval(theirs, p.file_shape());
      from_file_order(context, p, store.master(p),
                      golden_fill(theirs, p.logical.elements(), low, high));
    }

    const std::vector<double> planes =
        golden_fill("images", classifier.images().elements(), -1, 1);  // [B, 3, S, S]
    std::vector<double> pixels;
    for (int64_t b = 0; b < kBatch; ++b)
      for (int64_t i = 0; i < kSize * kSize; ++i)
        for (int64_t channel = 0; channel < 3; ++channel)
          pixels.push_back(planes[(b * 3 + channel) * kSize * kSize + i]);
    write_tensor(context, classifier.images(), pixels);
    classifier.forward(context);
    const std::vector<double> ours = read_tensor(context, classifier.logits());
    const OwnedTensor logits({kBatch, kClasses}, DType::f64, [&](int64_t i) { return ours[i]; });
    CHECK(relative_error(logits, golden_array(network.at("logits"), {kBatch, kClasses})) < 1e-12);
  }
}

}  // namespace lanet::test
