// inspect: what a file of weights holds, and where model.pretrained would load it.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/hash.h"
#include "train/commands/commands.h"
#include "train/config/choices.h"
#include "train/pretrained.h"

namespace lanet {

namespace {

/// The parameters of the model that each tensor of the file starts.
std::map<std::string, std::vector<std::string>> places_by_name(const BackboneMap& map) {
  std::map<std::string, std::vector<std::string>> places;
  for (const auto& [place, name] : map.source) places[name].push_back(place);
  return places;
}

void print_json(const std::string& path, const NamedArrays& file, const BackboneMap& map,
                const std::map<std::string, std::string>& refusals) {
  nlohmann::ordered_json result = {{"file", path}, {"backbone", nullptr}};
  const auto places = places_by_name(map);
  for (const auto& [backbone, reason] : refusals)
    if (reason.empty()) result["backbone"] = backbone;
  result["refusals"] = refusals;
  result["tensors"] = nlohmann::ordered_json::array();
  for (const auto& [name, array] : file.arrays) {
    const auto found = places.find(name);
    const std::string_view bytes(reinterpret_cast<const char*>(array.bytes.data()),
                                 array.bytes.size());
    result["tensors"].push_back(
        {{"name", name},
         {"dtype", to_string(array.dtype)},
         {"shape", array.shape},
         {"fnv1a", fmt::format("{:016x}", fnv1a(bytes))},
         {"starts", found == places.end() ? std::vector<std::string>() : found->second}});
  }
  result["skipped"] = file.skipped;
  fmt::print("{}\n", result.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

void print_text(const std::string& path, const NamedArrays& file, const BackboneMap& map,
                const std::map<std::string, std::string>& refusals) {
  const auto places = places_by_name(map);
  size_t name_width = 4, shape_width = 5;
  for (const auto& [name, array] : file.arrays) {
    name_width = std::max(name_width, printable(name).size());
    shape_width = std::max(shape_width, to_string(array.shape).size());
  }
  fmt::print("{:<{}}  {:<5}  {:<{}}  starts\n", "name", name_width, "dtype", "shape", shape_width);
  for (const auto& [name, array] : file.arrays) {
    const auto found = places.find(name);
    fmt::print("{:<{}}  {:<5}  {:<{}}  {}\n", printable(name), name_width, to_string(array.dtype),
               to_string(array.shape), shape_width,
               found == places.end() ? "-" : fmt::format("{}", fmt::join(found->second, ", ")));
  }
  if (!file.skipped.empty()) fmt::print("skipped: {}\n", skipped_summary(file));
  if (const std::string unused = unused_summary(map); !unused.empty())
    fmt::print("not used: {}\n", unused);
  for (const auto& [backbone, reason] : refusals)
    fmt::print(
        "{}: {}\n", backbone,
        reason.empty() ? fmt::format("yes: --set model.pretrained={}", path) : "no: " + reason);
}

}  // namespace

int run_inspect(const InspectOptions& options) {
  std::string path = options.file;
  const NamedArrays file = read_weights(path);
  const BackboneMap map = map_backbone(file);
  std::map<std::string, std::string> refusals;
  for (const std::string_view backbone : kNames<Backbone>)
    refusals[std::string(backbone)] = refusal(file, map, choice_from<Backbone>(backbone));
  (options.json ? print_json : print_text)(path, file, map, refusals);
  return 0;
}

}  // namespace lanet
