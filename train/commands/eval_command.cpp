// eval: a trained classifier on a data set.
#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/hash.h"
#include "train/commands/commands.h"
#include "train/commands/loaded_classifier.h"
#include "train/data_digest.h"
#include "train/metrics.h"
#include "train/progress.h"
#include "train/ranks/ranks.h"
#include "train/run_folder.h"

namespace lanet {

namespace {

constexpr int64_t kBatch = 64;

/// The same for equal checkpoints.
std::string digest(const NamedArrays& checkpoint) {
  uint64_t hash = 0;
  for (const auto& [name, array] : checkpoint.arrays)
    for (const uint64_t part :
         {fnv1a(name),
          fnv1a({reinterpret_cast<const char*>(array.bytes.data()), array.bytes.size()})})
      hash = hash * 31 + part;
  return fmt::format("{:016x}", hash);
}

/// The checkpoint's configuration under overrides; from another file: its data section alone.
Config config_for(const TrainedModel& model, const std::string& data_config,
                  const std::vector<std::string>& overrides) {
  if (data_config.empty()) return own_config(model, overrides);
  Config config = load_config(data_config, overrides);
  const int64_t image_size = model.info.config.data.image_size;
  config.model = model.info.config.model;
  config.data.image_size = image_size;
  return config;
}

/// The faces of one part of the data: train, validation or test.
Faces read_part(Context& context, const Config& config, const DataSet& set, const std::string& part,
                bool quiet) {
  const Split split = part == "test" ? Split::test : Split::train;
  Faces faces = read_faces(context, config, set, split, /*with_landmarks=*/false, quiet);
  if (split == Split::test) return faces;
  Faces validation = read_validation(context, config, set, faces, quiet);
  if (part == "train") return faces;
  if (validation.size() == 0)
    throw InputError(
        fmt::format("--split validation: data.validation 0, and {} has no validation split; "
                    "expected train or test",
                    config.data.root));
  return validation;
}

/// InputError if the faces are not those that the run of the checkpoint was judged or trained on,
/// where its folder tells and no option asks for others.
void require_data_of_run(Context& context, const TrainedModel& model, const Config& config,
                         const EvalOptions& options, const Faces& faces) {
  const std::filesystem::path file =
      std::filesystem::path(model.path).parent_path() / RunFolder::kData;
  Config same = config;
  for (auto place : {&DataConfig::root, &DataConfig::cache, &DataConfig::corrections})
    same.data.*place = model.info.config.data.*place;
  same.data.residency = model.info.config.data.residency;
  same.data.noise = model.info.config.data.noise;
  const bool others = to_json(same)["data"] != to_json(model.info.config)["data"];
  if (others || !options.data_config.empty() || !std::filesystem::exists(file)) return;
  nlohmann::ordered_json now = digest(context, faces);
  const nlohmann::ordered_json all = read_data_digests(file);
  const std::string set = options.split == "train" ? "training" : options.split;
  nlohmann::ordered_json then = all.contains(set) ? all[set] : nlohmann::ordered_json();
  if (then.is_object()) now["landmarks"] = then["landmarks"];  // they are not read here
  require_same_data(now, then, set + " set", config.data.root, file.string());
}

int eval_on(Ranks& ranks, const EvalOptions& options) {
  TrainedModel model;
  Config config;
  RankedSession session(ranks, [&] {
    model = open_trained(options.target, options.best);
    config = config_for(model, options.data_config, options.overrides);
    return placement_of(config.train);
  });
  Context& context = session.context();
  std::optional<LoadedClassifier> classifier;
  Faces faces;
  std::string message;
  ranks.agree([&] {
    classifier.emplace(context, model, config, kBatch);
    const DataSet set = open_data_set(config.data);
    message = set.message;
    faces = read_part(context, config, set, options.split, !ranks.first());
    require_same_classes(model.info, model.path, faces.list.classes);
    require_data_of_run(context, model, config, options, faces);
  });
  if (ranks.size() > 1) {
    ranks.require_same("data", digest(context, faces).dump());
    ranks.require_same("checkpoint", digest(model.checkpoint));
  }
  const Confusion confusion = classifier->evaluator.evaluate(context, faces.set, faces.judged_by);
  if (!ranks.first()) return 0;
  report_environment(session.choice());
  if (!message.empty()) say(message);
  if (options.json) {
    nlohmann::ordered_json line = to_json(confusion);
    line["classes"] = model.info.classes;
    fmt::print("{}\n", line.dump());
    return 0;
  }
  fmt::print("{}, {}, {} {} faces\n{}", model.path, to_string(model.info), faces.size(),
             options.split, to_table(confusion, model.info.classes));
  return 0;
}

}  // namespace

int run_eval(const EvalOptions& options) {
  return run_on_ranks([&](Ranks& ranks) { return eval_on(ranks, options); });
}

}  // namespace lanet
