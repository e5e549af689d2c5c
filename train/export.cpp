#include "train/export.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "data/image_set.h"
#include "models/landmark_reader.h"
#include "train/config/choices.h"
#include "train/environment.h"
#include "train/pretrained.h"

namespace lanet {

namespace {

/// The landmark branch keeps its names beside those of the expression branch.
std::string exported_name(const std::string& parameter) {
  constexpr std::string_view kQuery = "f_q.";
  const bool of_landmarks = parameter.starts_with("f_q.lm_");
  return of_landmarks ? parameter.substr(kQuery.size()) : torchvision_name(parameter);
}

}  // namespace

NamedArrays torchvision_weights(const NamedArrays& checkpoint, const CheckpointInfo& info,
                                const std::string& path, bool with_landmarks) {
  const Backbone backbone = info.config.model.backbone;
  const int64_t image_size = info.config.data.image_size, landmarks = landmarks_of(checkpoint);
  if (with_landmarks && landmarks == 0)
    throw InputError(
        fmt::format("--landmarks: {} has no landmark branch; expected a run with method lanet and "
                    "model.recipe published",
                    path));
  Context context;
  ParameterStore store(DType::f32, Device::cpu);
  const Classifier classifier(store, backbone, std::ssize(info.classes), image_size, /*batch=*/1);
  std::optional<LandmarkReader> reader;
  if (with_landmarks) reader.emplace(store, backbone, landmarks, image_size, /*batch=*/1);
  store.allocate(context, /*for_training=*/false);
  load_parameters(context, checkpoint, path, store);
  NamedArrays file = read_tensors(save_parameters(context, store, info));
  NamedArrays weights;
  for (auto& [name, array] : file.arrays) {
    const std::string theirs = exported_name(name);
    constexpr std::string_view kMean = "running_mean";
    if (theirs.ends_with(kMean))
      weights.arrays[theirs.substr(0, theirs.size() - kMean.size()) + "num_batches_tracked"] =
          HostArray({}, HostDType::i64);
    weights.arrays[theirs] = std::move(array);
  }
  weights.metadata = {{"format", "pt"},
                      {"backbone", std::string(name_of(backbone))},
                      {"image_size", std::to_string(image_size)},
                      {"classes", nlohmann::json(info.classes).dump()},
                      {"mean", nlohmann::json(kPictureMean).dump()},
                      {"std", nlohmann::json(kPictureDeviation).dump()},
                      {"epoch", std::to_string(info.epoch)},
                      {"program_version", program_version()}};
  if (with_landmarks) weights.metadata["landmarks"] = std::to_string(landmarks);
  return weights;
}

}  // namespace lanet
