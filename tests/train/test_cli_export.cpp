// lanet-cuda export: the tensors of torchvision's network (tests/fixtures/resnets.json), with the
// values of the checkpoint; and an ONNX model, with the probabilities of predict.
#include "core/files/safetensors.h"
#include "data/image.h"
#include "data/image_set.h"
#include "tests/onnx_interpreter.h"
#include "tests/train/torchvision_networks.h"
#include "tests/train/trained_runs.h"
#include "train/environment.h"

namespace lanet::test {

TEST_CASE("cli export: a run becomes the state that torchvision's ResNet loads strictly") {
  const trained::Runs& runs = trained::runs();
  for (const std::string& folder : {runs.lanet(), runs.baseline()}) {
    const std::string file = folder + "/out/weights.safetensors";
    const Outcome done = run("export " + folder + " --safetensors " + file);
    CAPTURE(done.err);
    REQUIRE(done.code == 0);
    NamedArrays weights = read_safetensors(file);
    const NamedArrays checkpoint = read_safetensors(folder + "/last.safetensors");
    for (const auto& tensor : torchvision_networks().at("resnet18").at("tensors").items()) {
      const std::string& name = tensor.key();
      CAPTURE(name);
      REQUIRE(weights.arrays.contains(name));
      const HostArray& array = weights.arrays.at(name);
      CHECK(array.shape == tensor.value().get<std::vector<int64_t>>());
      const bool counter = name.ends_with("num_batches_tracked");
      CHECK(array.dtype == (counter ? HostDType::i64 : HostDType::f32));
      if (!counter) {
        const bool branch = name.starts_with("fc.") || name.find("layer") == 0;
        const std::string ours =
            (branch && !name.starts_with("layer1") ? "f_q.fer_" : "f_q.") + name;
        CHECK(array == checkpoint.arrays.at(ours));
      }
      weights.arrays.erase(name);
    }
    CHECK(weights.arrays.empty());
    CHECK(weights.metadata.at("backbone") == "resnet18");
    CHECK(weights.metadata.at("image_size") == "64");
    CHECK(nlohmann::json::parse(weights.metadata.at("classes")).size() == 7);
    CHECK(nlohmann::json::parse(weights.metadata.at("mean"))[0] == 0.5412);
    CHECK(weights.metadata.at("epoch") == checkpoint.metadata.at("epoch"));
    CHECK(weights.metadata.at("program_version") == program_version());
    check_refused("export " + folder + " --safetensors " + file, "exists; expected a new file");
  }
  check_refused("export " + runs.path("none") + " --safetensors x", "none");
  check_refused("export " + runs.path("faces") + " --safetensors " + runs.path("x"), "faces");
  CHECK_FALSE(std::filesystem::exists(runs.path("x")));
}

TEST_CASE("cli export: an ONNX model gives the probabilities of predict") {
  const trained::Runs& runs = trained::runs();
  const std::string plain = runs.path("plain.onnx"), pixels = runs.path("new/pixels.onnx"),
                    weights = runs.path("weights.safetensors");
  REQUIRE(run("export " + runs.baseline() + " --onnx " + plain).code == 0);
  const Outcome both = run("export " + runs.baseline() + " --onnx " + pixels +
                           " --preprocess --safetensors " + weights);
  CAPTURE(both.err);
  REQUIRE(both.code == 0);
  CHECK(both.out.empty());
  CHECK(std::count(both.err.begin(), both.err.end(), '\n') == 2);

  const OnnxModel model = read_onnx(read_text(plain)), on_pixels = read_onnx(read_text(pixels));
  auto metadata = read_safetensors(weights).metadata;
  metadata.erase("format");
  CHECK(model.metadata == metadata);
  CHECK(on_pixels.metadata == metadata);

  OnnxTensor levels{{2, 64, 64, 3}, {}}, normalised{{2, 3, 64, 64}, {}};
  for (const int number : {1, 2}) {
    const HostImage image = resize_image(decode_image(runs.picture(number)), 64);
    levels.values.insert(levels.values.end(), image.rgb.begin(), image.rgb.end());
    for (size_t c = 0; c < 3; ++c)
      for (size_t p = c; p < image.rgb.size(); p += 3)
        normalised.values.push_back((image.rgb[p] / 255.0 - kPictureMean[c]) /
                                    kPictureDeviation[c]);
  }
  const auto predicted =
      json_of("predict " + runs.baseline() + " --json " + runs.picture(1) + " " + runs.picture(2));
  const auto classes = nlohmann::json::parse(metadata.at("classes"));
  REQUIRE(classes.size() == 7);
  const auto from_plain = evaluate(model, normalised).at("probabilities"),
             from_pixels = evaluate(on_pixels, levels).at("probabilities");
  for (size_t i = 0; i < 2; ++i)
    for (size_t c = 0; c < 7; ++c) {
      const double p = predicted[i].at("probabilities").at(classes[c].get<std::string>());
      CHECK(std::abs(from_plain.values.at(7 * i + c) - p) < 1e-5);
      CHECK(std::abs(from_pixels.values.at(7 * i + c) - p) < 1e-5);
    }
}

TEST_CASE("cli export: --landmarks keeps the landmark branch of the published recipe") {
  const trained::Runs& runs = trained::runs();
  const std::string weights_file = runs.path("landmarks.safetensors"),
                    model_file = runs.path("landmarks.onnx");
  const Outcome done = run("export " + runs.lanet() + " --landmarks --safetensors " + weights_file +
                           " --onnx " + model_file);
  CAPTURE(done.err);
  REQUIRE(done.code == 0);
  CHECK(done.err.find("resnet18 with 7 classes and 19 landmarks for") != std::string::npos);
  NamedArrays weights = read_safetensors(weights_file);
  CHECK(weights.metadata.at("landmarks") == "19");
  for (const auto& tensor : torchvision_networks().at("resnet18").at("tensors").items())
    CHECK(weights.arrays.erase(tensor.key()) == 1);

  // What is left: of each batch norm a counter, and the branch as the checkpoint has it.
  const NamedArrays checkpoint = read_safetensors(runs.lanet() + "/last.safetensors");
  std::set<std::string> branch;
  for (const auto& [name, array] : checkpoint.arrays)
    if (name.starts_with("f_q.lm_") || name.starts_with("f_q.latlayer"))
      branch.insert(name.substr(4));
  CHECK(branch.contains("lm_layer2.0.downsample.1.running_var"));
  CHECK(branch.contains("latlayer1.weight"));
  CHECK(branch.contains("lm_fc.weight"));
  for (const auto& [name, array] : weights.arrays) {
    CAPTURE(name);
    if (name.ends_with("num_batches_tracked")) {
      CHECK(array.dtype == HostDType::i64);
      continue;
    }
    CHECK(array == checkpoint.arrays.at("f_q." + name));
    CHECK(branch.erase(name) == 1);
  }
  CHECK(branch.empty());

  const OnnxModel model = read_onnx(read_text(model_file));
  check_topology(model);
  REQUIRE(model.outputs.size() == 3);
  CHECK(model.outputs[2].name == "heatmaps");
  CHECK(model.outputs[2].shape == std::vector<std::string>{"batch", "19", "16", "16"});
  CHECK(model.metadata.at("landmarks") == "19");
}

TEST_CASE("cli export: --landmarks needs a file to write and a run with that branch") {
  const trained::Runs& runs = trained::runs();
  const std::string file = runs.path("refused.onnx");
  check_refused("export " + runs.lanet() + " --landmarks",
                "expected --onnx FILE, --safetensors FILE or both");
  check_refused("export " + runs.baseline() + " --landmarks --onnx " + file,
                "baseline/last.safetensors has no landmark branch; expected a run with method "
                "lanet and model.recipe published");
  REQUIRE(run(runs.train("robust", "--set model.recipe=robust --set train.epochs=1")).code == 0);
  check_refused("export " + runs.path("robust") + " --landmarks --safetensors " + file,
                "has no landmark branch");
  CHECK_FALSE(std::filesystem::exists(file));
}

TEST_CASE("cli export: wrong files and options are refused, and nothing is written") {
  const trained::Runs& runs = trained::runs();
  const std::string target = "export " + runs.baseline();
  check_refused(target, "expected --onnx FILE, --safetensors FILE or both");
  check_refused(target + " --preprocess --safetensors " + runs.path("x"), "requires --onnx");
  check_refused(target + " --onnx", "--onnx");

  const std::string old = runs.folder().write("old.onnx", "kept");
  check_refused(target + " --safetensors " + runs.path("x") + " --onnx " + old,
                "--onnx " + old + ": exists; expected a new file");
  CHECK(read_text(old) == "kept");

  const std::string there = "cd " + runs.path("") + " && " + program() + " " + target;
  const Outcome same = run_shell(there + " --safetensors x --onnx faces/../x");
  CHECK(same.code == 2);
  CHECK(same.err.find("--onnx faces/../x: the file of --safetensors") != std::string::npos);
  check_refused(target + " --safetensors " + old + "/x --onnx " + runs.path("x"), old);

  // What export itself writes is no checkpoint.
  const std::string exported = runs.path("exported");
  REQUIRE(run(target + " --onnx " + exported + ".onnx --safetensors " + exported + ".safetensors")
              .code == 0);
  check_refused("export " + exported + ".safetensors --onnx " + runs.path("x"),
                "not a checkpoint of this program");
  check_refused("export " + exported + ".onnx --onnx " + runs.path("x"), exported + ".onnx");
  CHECK_FALSE(std::filesystem::exists(runs.path("x")));
}

}  // namespace lanet::test
