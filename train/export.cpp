#include "train/export.h"

#include <nlohmann/json.hpp>

#include "data/image_set.h"
#include "models/resnet.h"
#include "train/config/choices.h"
#include "train/environment.h"
#include "train/evaluate.h"
#include "train/pretrained.h"

namespace lanet {

NamedArrays torchvision_weights(const NamedArrays& checkpoint, const CheckpointInfo& info,
                                const std::string& path) {
  Context context;
  ParameterStore store(DType::f32, Device::cpu);
  const Evaluator classifier(store, info.config.model.backbone, std::ssize(info.classes),
                             info.config.data.image_size, /*batch=*/1);
  store.allocate(context, /*for_training=*/false);
  load_parameters(context, checkpoint, path, store);
  NamedArrays file = read_tensors(save_parameters(context, store, info));
  NamedArrays weights;
  for (auto& [name, array] : file.arrays) {
    const std::string theirs = torchvision_name(name);
    constexpr std::string_view kMean = "running_mean";
    if (theirs.ends_with(kMean))
      weights.arrays[theirs.substr(0, theirs.size() - kMean.size()) + "num_batches_tracked"] =
          HostArray({}, HostDType::i64);
    weights.arrays[theirs] = std::move(array);
  }
  weights.metadata = {{"format", "pt"},
                      {"backbone", std::string(name_of(info.config.model.backbone))},
                      {"image_size", std::to_string(info.config.data.image_size)},
                      {"classes", nlohmann::json(info.classes).dump()},
                      {"mean", nlohmann::json(kPictureMean).dump()},
                      {"std", nlohmann::json(kPictureDeviation).dump()},
                      {"epoch", std::to_string(info.epoch)},
                      {"program_version", program_version()}};
  return weights;
}

}  // namespace lanet
