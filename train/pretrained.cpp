#include "train/pretrained.h"

#include <algorithm>
#include <set>

#include "core/files/document.h"
#include "core/files/file.h"
#include "core/files/safetensors.h"
#include "core/files/torch_file.h"
#include "core/parameter_io.h"
#include "layers/recorder.h"
#include "train/checkpoint.h"
#include "train/config/choices.h"
#include "train/run_folder.h"

namespace lanet {

namespace {

/// What programs put around the network or its parameters.
constexpr std::string_view kWrappers[] = {
    "state_dict", "model_state_dict", "model_state", "model",   "module", "backbone",
    "encoder",    "network",          "net",         "weights", "params"};

std::string_view first_component(std::string_view name) {
  return name.substr(0, name.find('.'));
}

/// Whether the name within a network is of the stem or a block: conv1, bn1, layer1, …
bool is_block(std::string_view name) {
  const std::string_view part = first_component(name);
  const size_t digits = part.find_first_of("0123456789");
  if (digits == std::string_view::npos || name.ends_with(".num_batches_tracked")) return false;
  const std::string_view word = part.substr(0, digits);
  return (word == "conv" || word == "bn" || word == "layer") &&
         std::all_of(part.begin() + static_cast<std::ptrdiff_t>(digits), part.end(),
                     [](char c) { return c >= '0' && c <= '9'; });
}

/// Whether `prefix` is nothing but wrappers.
bool is_wrapping(std::string_view prefix) {
  while (!prefix.empty()) {
    const std::string_view part = first_component(prefix);
    if (std::find(std::begin(kWrappers), std::end(kWrappers), part) == std::end(kWrappers))
      return false;
    prefix.remove_prefix(part.size() + 1);
  }
  return true;
}

/// The prefixes behind which a network begins with conv1.weight: whole ResNets if there are any,
/// and of several those that nothing but wrappers stands before.
std::vector<std::string> find_prefixes(const NamedArrays& file) {
  constexpr std::string_view kStem = "conv1.weight";
  std::vector<std::string> prefixes;
  for (const auto& [name, array] : file.arrays) {
    if (!name.ends_with(kStem)) continue;
    const std::string prefix = name.substr(0, name.size() - kStem.size());
    const bool in_block = prefix.starts_with("layer") || prefix.find(".layer") != std::string::npos;
    if ((prefix.empty() || prefix.ends_with('.')) && !in_block) prefixes.push_back(prefix);
  }
  auto prefer = [&](auto&& better) {
    if (prefixes.size() > 1 && std::any_of(prefixes.begin(), prefixes.end(), better))
      std::erase_if(prefixes, [&](const std::string& prefix) { return !better(prefix); });
  };
  prefer([&](const std::string& prefix) {
    return file.arrays.contains(prefix + "bn1.weight") &&
           file.arrays.contains(prefix + "layer1.0.conv1.weight");
  });
  prefer(is_wrapping);
  return prefixes;
}

/// The parameters that a tensor of a plain ResNet starts: layer2 to layer4 are in both branches.
std::vector<std::string> places(const std::string& name) {
  for (const char* layer : {"layer2.", "layer3.", "layer4."}) {
    if (name.starts_with(layer)) return {"f_q.fer_" + name, "f_q.lm_" + name};
  }
  return {"f_q." + name};
}

/// The parameters of both branches and their shapes in files.
std::map<std::string, std::vector<int64_t>> backbone_shapes(Backbone backbone) {
  ParameterStore store(DType::f32, Device::cpu);
  const Classifier classifier(store, backbone, /*classes=*/2, /*image_size=*/64, /*batch=*/1);
  std::map<std::string, std::vector<int64_t>> shapes;
  for (const Parameter& p : store.parameters()) {
    const std::string name = torchvision_name(p.name);
    if (!is_block(name)) continue;  // the classifier
    for (const std::string& place : places(name)) shapes[place] = p.file_shape();
  }
  return shapes;
}

/// Of a checkpoint of this program.
BackboneMap map_checkpoint(const NamedArrays& file) {
  BackboneMap map{.prefix = "f_q."};
  bool has_landmark_branch = false;
  for (const auto& [name, array] : file.arrays) {
    if (!name.starts_with(map.prefix) || !is_block(torchvision_name(name))) {
      map.unused.push_back(name);
      continue;
    }
    map.source[name] = name;
    has_landmark_branch = has_landmark_branch || name.starts_with("f_q.lm_");
  }
  if (has_landmark_branch) return map;
  for (const auto& [place, name] : std::map(map.source)) {
    for (const std::string& other : places(torchvision_name(place)))
      map.source.emplace(other, name);
  }
  return map;
}

/// "conv1.weight", "conv1.weight and fc.bias", "conv1.weight and 3 others"
std::string listed(const std::vector<std::string>& names) {
  if (names.size() == 1) return printable(names[0]);
  if (names.size() == 2) return printable(names[0]) + " and " + printable(names[1]);
  return fmt::format("{} and {} others", printable(names[0]), names.size() - 1);
}

}  // namespace

std::string torchvision_name(const std::string& place) {
  for (const std::string_view branch : {"f_q.fer_", "f_q.lm_", "f_q."}) {
    if (place.starts_with(branch)) return place.substr(branch.size());
  }
  return place;
}

NamedArrays read_weights(std::string& path) {
  path = checkpoint_file(path, /*best=*/false);
  InputFile input(path);
  char start[512] = {};
  input.read(start, std::min<uint64_t>(input.size(), sizeof(start)), "the file");
  if (const std::string_view mistake = mistaken_for_file({start, sizeof(start)}); !mistake.empty())
    throw InputError(fmt::format("{}: {}", path, mistake));
  // A header of less than 4 GB, in 8 bytes, and its first brace.
  const bool safetensors = std::string_view(start + 4, 5) == std::string_view("\0\0\0\0{", 5);
  if (safetensors || path.ends_with(".safetensors")) return read_safetensors(path);
  if (start[0] == '\x80' || std::string_view(start, 2) == "PK") {
    NamedArrays content = read_torch_file(path);
    if (content.arrays.empty())
      throw InputError(fmt::format("{}: a pickle without tensors; expected weights", path));
    return content;
  }
  throw InputError(fmt::format(
      "{}: not a file of weights; expected one of torch.save (.pth), a pickle of NumPy arrays "
      "(.pkl, protocol 2 or newer), safetensors, or a run folder",
      path));
}

BackboneMap map_backbone(const NamedArrays& file) {
  if (is_checkpoint(file)) return map_checkpoint(file);
  BackboneMap map;
  const std::vector<std::string> prefixes = find_prefixes(file);
  if (prefixes.empty())
    map.problem =
        "nothing in it fits; expected a ResNet's conv1, bn1, layer1 to layer4 (torchvision's "
        "names), as they are or behind one prefix";
  if (prefixes.size() > 1)
    map.problem = fmt::format("holds {} networks, '{}' and '{}'; expected one", prefixes.size(),
                              printable(prefixes[0]), printable(prefixes[1]));
  if (prefixes.size() == 1) map.prefix = prefixes[0];
  for (const auto& [name, array] : file.arrays) {
    const std::string inner =
        name.starts_with(map.prefix) ? name.substr(map.prefix.size()) : std::string();
    if (map.problem.empty() && is_block(inner))
      for (const std::string& place : places(inner)) map.source[place] = name;
    else
      map.unused.push_back(name);
  }
  return map;
}

BackboneFit fit_backbone(const NamedArrays& file, const BackboneMap& map, Backbone backbone) {
  const auto shapes = backbone_shapes(backbone);
  std::set<std::string> misshapen, left_over, missing;
  for (const auto& [place, name] : map.source) {
    const std::vector<int64_t>& shape = file.arrays.at(name).shape;
    const auto expected = shapes.find(place);
    if (expected == shapes.end())
      left_over.insert(name);
    else if (shape != expected->second)
      misshapen.insert(fmt::format("{} is {}; {} needs {}", printable(name), to_string(shape),
                                   name_of(backbone), to_string(expected->second)));
  }
  for (const auto& [place, shape] : shapes)
    if (!map.source.contains(place)) missing.insert(torchvision_name(place));
  return {{misshapen.begin(), misshapen.end()},
          {left_over.begin(), left_over.end()},
          {missing.begin(), missing.end()}};
}

std::string refusal(const NamedArrays& file, const BackboneMap& map, Backbone backbone,
                    bool allow_partial) {
  if (!map.problem.empty()) return map.problem;
  const BackboneFit fit = fit_backbone(file, map, backbone);
  if (!fit.misshapen.empty())
    return fit.misshapen[0] + (fit.misshapen.size() > 1 ? fmt::format(" ({} more of another shape)",
                                                                      fit.misshapen.size() - 1)
                                                        : "");
  if (allow_partial) return "";
  if (!fit.left_over.empty())
    return fmt::format("{} has no place for {}", name_of(backbone), listed(fit.left_over));
  if (!fit.missing.empty())
    return fmt::format("lacks {}, which {} needs", listed(fit.missing), name_of(backbone));
  return "";
}

std::string unused_summary(const BackboneMap& map) {
  constexpr std::string_view kCounter = "num_batches_tracked";
  std::map<std::string, int> counts;
  for (const std::string& name : map.unused) {
    const std::string_view inner =
        std::string_view(name).substr(name.starts_with(map.prefix) ? map.prefix.size() : 0);
    ++counts[printable(inner.ends_with(kCounter) ? kCounter : first_component(inner))];
  }
  std::vector<std::string> parts;
  for (const auto& [what, count] : counts) parts.push_back(fmt::format("{} ({})", what, count));
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string skipped_summary(const NamedArrays& file) {
  constexpr size_t kMost = 3;
  std::vector<std::string> parts;
  for (const auto& [name, what] : file.skipped) {
    if (parts.size() == kMost) {
      parts.push_back(fmt::format("{} more", file.skipped.size() - kMost));
      break;
    }
    parts.push_back(fmt::format("{} ({})", printable(name), printable(what)));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

NamedArrays read_pretrained(std::string& path, Backbone backbone, bool allow_partial) {
  NamedArrays file = read_weights(path);
  const BackboneMap map = map_backbone(file);
  const std::string reason = refusal(file, map, backbone, allow_partial);
  if (!reason.empty()) {
    for (size_t i = 0; i < kNames<Backbone>.size(); ++i) {
      if (refusal(file, map, static_cast<Backbone>(i)).empty())
        throw InputError(fmt::format("{}: holds a {}; model.backbone is {}", path,
                                     kNames<Backbone>[i], name_of(backbone)));
    }
    throw InputError(fmt::format("{}: {}", path, reason));
  }
  return file;
}

std::string load_pretrained(Context& context, std::string path, Backbone backbone,
                            bool allow_partial, ParameterStore& store) {
  const NamedArrays file = read_pretrained(path, backbone, allow_partial);
  const BackboneMap map = map_backbone(file);
  int loaded = 0;
  for (const auto& [place, name] : map.source) {
    const Parameter* p = store.find(place);  // a plain classifier has no landmark branch
    if (!p) continue;
    from_file_order(context, *p, store.master(*p), file.arrays.at(name).to<double>());
    ++loaded;
  }
  store.reset_momentum_copies(context);
  refresh_shadows(context, store);

  const BackboneFit fit = fit_backbone(file, map, backbone);
  std::string line = fmt::format("{}: {} parameters of {} loaded", path, loaded, name_of(backbone));
  auto add = [&](const char* what, const std::string& names) {
    if (!names.empty()) line += fmt::format("; {}: {}", what, names);
  };
  if (!fit.missing.empty()) add("missing", listed(fit.missing));
  if (!fit.left_over.empty()) add("left over", listed(fit.left_over));
  add("not used", unused_summary(map));
  add("skipped", skipped_summary(file));
  return line;
}

}  // namespace lanet
