// Weights to start from: under which names they are found, what is refused, and that what is loaded
// is what the file has, bit for bit.
#include "train/pretrained.h"

#include <doctest/doctest.h>

#include "core/files/safetensors.h"
#include "core/files/torch_file.h"
#include "core/parameter_io.h"
#include "tests/files.h"
#include "tests/input_error.h"
#include "tests/train/small_training.h"

namespace lanet::test {
namespace {

/// A ResNet under torchvision's names, with a classifier of 1000 classes and a counter: shapes
/// without values.
NamedArrays plain_shapes(Backbone backbone, const std::string& prefix = "") {
  ParameterStore store(DType::f32, Device::cpu);
  const Classifier classifier(store, backbone, 1000, 64, 1);
  NamedArrays file;
  for (const Parameter& p : store.parameters()) {
    std::string name = p.name.substr(4);  // without f_q.
    if (name.starts_with("fer_")) name = name.substr(4);
    file.arrays[prefix + name].shape = p.file_shape();
  }
  file.arrays[prefix + "bn1.num_batches_tracked"].dtype = HostDType::i64;
  return file;
}

/// The same with values, no two of which are equal in the first 2^24.
NamedArrays plain_values(Backbone backbone) {
  NamedArrays file = plain_shapes(backbone);
  float next = 1;
  for (auto& [name, array] : file.arrays) {
    HostArray filled(array.shape, HostDType::f32);
    std::vector<float> values(filled.elements());
    for (float& value : values) value = std::exchange(next, std::nextafter(next, 9e9f));
    array = HostArray::from<float>(array.shape, values);
  }
  return file;
}

std::string why_not(const NamedArrays& file, Backbone backbone, bool allow_partial = false) {
  return refusal(file, map_backbone(file), backbone, allow_partial);
}

/// The parameters of a model that a ResNet starts.
bool is_backbone(const std::string& name) {
  for (const char* part : {"f_q.conv1", "f_q.bn1", "f_q.layer1", "f_q.fer_layer", "f_q.lm_layer"})
    if (name.starts_with(part)) return true;
  return false;
}

/// torchvision's name of such a parameter.
std::string plain_name(const std::string& name) {
  for (const std::string branch : {"f_q.fer_", "f_q.lm_", "f_q."})
    if (name.starts_with(branch)) return name.substr(branch.size());
  return name;
}

const std::string kNothing = "nothing in it fits";

}  // namespace

TEST_CASE("pretrained: a backbone is found behind whatever programs put before it") {
  for (const char* prefix :
       {"", "module.", "backbone.", "encoder.", "state_dict.", "model.", "model_state_dict.",
        "state_dict.module.", "state_dict.backbone.", "model.module.encoder.",
        "model_state_dict.module.backbone.", "net.", "checkpoint.student.trunk.", "0."}) {
    CAPTURE(prefix);
    for (const std::string_view name : kNames<Backbone>) {
      const auto backbone = choice_from<Backbone>(name);
      NamedArrays file = plain_shapes(backbone, prefix);
      file.arrays["optimizer.state.0.exp_avg"].shape = {64, 3, 7, 7};
      const BackboneMap map = map_backbone(file);
      CHECK(map.prefix == prefix);
      CHECK(map.source.at("f_q.conv1.weight") == prefix + std::string("conv1.weight"));
      for (const char* branch : {"fer", "lm"})
        CHECK(map.source.at(fmt::format("f_q.{}_layer4.1.bn2.running_var", branch)) ==
              prefix + std::string("layer4.1.bn2.running_var"));
      CHECK(unused_summary(map) == "fc (2), num_batches_tracked (1), optimizer (1)");
      for (const std::string_view other : kNames<Backbone>)
        CHECK(why_not(file, choice_from<Backbone>(other)).empty() == (other == name));
    }
  }
}

TEST_CASE("pretrained: of two networks the one behind known wrappers alone is meant, else none") {
  NamedArrays file = plain_shapes(Backbone::resnet18, "state_dict.");
  for (const auto& [name, array] : plain_shapes(Backbone::resnet18, "state_dict_ema.").arrays)
    file.arrays[name] = array;
  CHECK(map_backbone(file).prefix == "state_dict.");
  CHECK(why_not(file, Backbone::resnet18).empty());

  file = plain_shapes(Backbone::resnet18, "encoder_k.");
  for (const auto& [name, array] : plain_shapes(Backbone::resnet18, "encoder_q.").arrays)
    file.arrays[name] = array;
  CHECK(why_not(file, Backbone::resnet18) ==
        "holds 2 networks, 'encoder_k.' and 'encoder_q.'; expected one");
  CHECK(map_backbone(file).source.empty());

  // A head that begins with a conv1 of its own is no ResNet.
  file = plain_shapes(Backbone::resnet18, "backbone.");
  file.arrays["decoder.conv1.weight"].shape = {64, 3, 7, 7};
  CHECK(why_not(file, Backbone::resnet18).empty());
}

TEST_CASE("pretrained: what is missing, left over or of another shape is named") {
  const NamedArrays whole = plain_shapes(Backbone::resnet18);
  NamedArrays file = whole;
  file.arrays.erase("layer4.1.bn2.running_var");
  CHECK(why_not(file, Backbone::resnet18) ==
        "lacks layer4.1.bn2.running_var, which resnet18 needs");
  file.arrays.erase("bn1.weight");
  CHECK(why_not(file, Backbone::resnet18) ==
        "lacks bn1.weight and layer4.1.bn2.running_var, which resnet18 needs");
  file.arrays.erase("bn1.bias");
  CHECK(why_not(file, Backbone::resnet18) == "lacks bn1.bias and 2 others, which resnet18 needs");
  CHECK(why_not(file, Backbone::resnet18, /*allow_partial=*/true).empty());

  file = whole;
  file.arrays["layer1.2.conv1.weight"].shape = {64, 64, 3, 3};
  CHECK(why_not(file, Backbone::resnet18) == "resnet18 has no place for layer1.2.conv1.weight");
  file.arrays["bn2.weight"].shape = {64};
  file.arrays["layer5.0.conv1.weight"].shape = {64, 64, 3, 3};
  CHECK(why_not(file, Backbone::resnet18) == "resnet18 has no place for bn2.weight and 2 others");
  CHECK(why_not(file, Backbone::resnet18, /*allow_partial=*/true).empty());

  file = whole;
  file.arrays["conv1.weight"].shape = {64, 1, 7, 7};
  const std::string shape = "conv1.weight is [64, 1, 7, 7]; resnet18 needs [64, 3, 7, 7]";
  CHECK(why_not(file, Backbone::resnet18) == shape);
  CHECK(why_not(file, Backbone::resnet18, /*allow_partial=*/true) == shape);
  file.arrays["bn1.bias"].shape = {32};
  CHECK(why_not(file, Backbone::resnet18) ==
        "bn1.bias is [32]; resnet18 needs [64] (1 more of another shape)");

  CHECK(why_not({}, Backbone::resnet18).starts_with(kNothing));
  file = {};
  file.arrays["fc.weight"].shape = {7, 512};
  CHECK(why_not(file, Backbone::resnet18, /*allow_partial=*/true).starts_with(kNothing));
}

TEST_CASE("pretrained: the values of a file are those of both branches, bit for bit") {
  const TemporaryFolder folder;
  NamedArrays file = plain_values(Backbone::resnet18);
  const std::string path = (folder.path() / "resnet18.safetensors").string();
  write_safetensors(path, file);
  for (const char* method : {"lanet", "baseline"}) {
    CAPTURE(method);
    Session session(small_config(method));
    ParameterStore& store = session.trainer->model().store();
    const NamedArrays before = read_tensors(session.trainer->checkpoint(/*with_state=*/false));
    const std::string line =
        load_pretrained(session.context, path, Backbone::resnet18, false, store);
    const bool both = std::string(method) == "lanet";
    CHECK(line == fmt::format("{}: {} parameters of resnet18 loaded; not used: fc (2), "
                              "num_batches_tracked (1)",
                              path, both ? 175 : 100));
    const NamedArrays after = read_tensors(session.trainer->checkpoint(/*with_state=*/true));
    int equal = 0;
    for (const auto& [name, array] : before.arrays) {
      CAPTURE(name);
      const bool loaded = is_backbone(name);
      const bool same = after.arrays.at(name) ==
                        (loaded ? file.arrays.at(plain_name(name)) : before.arrays.at(name));
      CHECK(same);
      equal += loaded && same;
    }
    CHECK(equal == (both ? 175 : 100));
    if (both) CHECK(after.arrays.at("momentum.f_q.conv1.weight") == file.arrays.at("conv1.weight"));
  }
}

TEST_CASE("pretrained: a file is refused in one line with its name, and the backbone it holds") {
  const TemporaryFolder folder;
  Session session(small_config("baseline"));
  ParameterStore& store = session.trainer->model().store();
  auto message = [&](const std::filesystem::path& path) {
    return input_error(
        [&] { load_pretrained(session.context, path, Backbone::resnet18, false, store); });
  };
  const auto deep = folder.path() / "deep.safetensors";
  NamedArrays file = plain_values(Backbone::resnet50);
  write_safetensors(deep, file);
  const NamedArrays before = read_tensors(session.trainer->checkpoint(/*with_state=*/false));
  CHECK(message(deep) == deep.string() + ": holds a resnet50; model.backbone is resnet18");
  file.arrays.erase("bn1.bias");
  write_safetensors(deep, file);
  CHECK(is_line_with(message(deep), "layer1.0.conv1.weight is [64, 64, 1, 1]; resnet18 needs "));
  CHECK(read_tensors(session.trainer->checkpoint(/*with_state=*/false)) == before);

  const auto fixtures = tests_folder() / "fixtures";
  CHECK(is_line_with(message(fixtures / "state_dict.pth"), "state_dict.pth: " + kNothing));
  CHECK(is_line_with(message(fixtures / "arrays_protocol4.pkl"),
                     "conv1.weight is [2, 2]; resnet18 needs [64, 3, 7, 7]"));
  CHECK(is_line_with(message(fixtures / "points_f4.npy"), "not a file of weights"));
  CHECK(is_line_with(message(folder.write("empty.pth", "")), "not a file of weights"));
  CHECK(is_line_with(message(folder.path()), "expected a run"));
}

TEST_CASE("pretrained: a file's format is told by how it begins, not by its name") {
  const TemporaryFolder folder;
  NamedArrays file;
  file.arrays["a"] = HostArray({2}, HostDType::f32);
  const auto path = folder.path() / "weights.bin";
  // The first byte of the header's length takes the values that a pickle or an archive begins with.
  for (int i = 0; i < 64; ++i) {
    write_safetensors(path, file);
    std::string name = path.string();
    CHECK(read_weights(name) == file);
    file.metadata["note"] += "12345678";
  }
  for (const char* name : {"old_format.pth", "views.pth", "arrays_protocol2.pkl"}) {
    std::filesystem::copy_file(tests_folder() / "fixtures" / name, path,
                               std::filesystem::copy_options::overwrite_existing);
    std::string copy = path.string();
    CHECK(read_weights(copy) == read_torch_file(tests_folder() / "fixtures" / name));
  }
}

TEST_CASE("pretrained: a run starts from another run's folder, from both branches if it has both") {
  const TemporaryFolder folder;
  const NamedArrays file = plain_values(Backbone::resnet18);
  const std::string plain = (folder.path() / "plain.safetensors").string();
  write_safetensors(plain, file);
  folder.write("run/config.json", "{}");
  const std::string run = (folder.path() / "run").string(), last = run + "/last.safetensors";
  for (const char* from : {"lanet", "baseline"}) {
    CAPTURE(from);
    Config config = small_config(from);
    config.seed = 2;
    NamedArrays given;
    {
      Session session(config);
      session.trainer->run_epoch();  // the branches differ now
      given = read_tensors(session.trainer->checkpoint(/*with_state=*/true));
    }
    write_safetensors(last, given);
    Session session(small_config("lanet"));
    const NamedArrays before = read_tensors(session.trainer->checkpoint(/*with_state=*/false));
    const std::string line = load_pretrained(session.context, run, Backbone::resnet18, false,
                                             session.trainer->model().store());
    CHECK(line.starts_with(last + ": 175 parameters of resnet18 loaded; not used: adam ("));
    CHECK(line.find(" fer_fc (") != std::string::npos);
    for (const auto& [name, array] :
         read_tensors(session.trainer->checkpoint(/*with_state=*/false)).arrays) {
      CAPTURE(name);
      const bool twin = !given.arrays.contains(name);
      const std::string source = twin ? "f_q.fer_" + plain_name(name) : name;
      CHECK((array == (is_backbone(name) ? given.arrays.at(source) : before.arrays.at(name))));
    }
  }
}

TEST_CASE("pretrained: with allow_partial, what is there is loaded and the rest is listed") {
  const TemporaryFolder folder;
  NamedArrays file = plain_values(Backbone::resnet18);
  file.arrays.erase("layer4.0.bn1.weight");
  file.arrays["layer5.weight"] = HostArray({2}, HostDType::f32);
  const std::string path = (folder.path() / "part.safetensors").string();
  write_safetensors(path, file);
  Session session(small_config("baseline"));
  ParameterStore& store = session.trainer->model().store();
  CHECK(is_line_with(input_error([&] {
                       load_pretrained(session.context, path, Backbone::resnet18, false, store);
                     }),
                     "resnet18 has no place for layer5.weight"));
  const std::string line = load_pretrained(session.context, path, Backbone::resnet18, true, store);
  CHECK(line.find(": 99 parameters of resnet18 loaded; missing: layer4.0.bn1.weight; left over: "
                  "layer5.weight; not used: fc (2)") != std::string::npos);
  CHECK(read_tensors(session.trainer->checkpoint(false)).arrays.at("f_q.conv1.weight") ==
        file.arrays.at("conv1.weight"));
}

TEST_CASE("pretrained: objects that a pickle holds beside the tensors are named, three at most") {
  NamedArrays file;
  CHECK(skipped_summary(file).empty());
  file.skipped = {{"args", "argparse.Namespace"}, {"b", "x.B"}, {"c", "x.C"}};
  CHECK(skipped_summary(file) == "args (argparse.Namespace), b (x.B), c (x.C)");
  file.skipped["d"] = "x.D";
  CHECK(skipped_summary(file) == "args (argparse.Namespace), b (x.B), c (x.C), 1 more");
}

}  // namespace lanet::test
