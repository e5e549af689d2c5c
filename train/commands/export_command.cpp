// export: a trained classifier for other programs.
#include <fmt/format.h>

#include <filesystem>

#include "core/error.h"
#include "core/files/file.h"
#include "core/files/safetensors.h"
#include "train/commands/commands.h"
#include "train/commands/session.h"
#include "train/export.h"
#include "train/progress.h"
#include "train/ranks/ranks.h"

namespace lanet {

int run_export(const ExportOptions& options) {
  require_one_process("export");
  const std::filesystem::path out = options.safetensors;
  if (std::filesystem::exists(out))
    throw InputError(
        fmt::format("--safetensors {}: exists; expected a new file", options.safetensors));
  const TrainedModel model = open_trained(options.target, options.best);
  const NamedArrays weights = torchvision_weights(model.checkpoint, model.info, model.path);
  if (out.has_parent_path()) create_folder(out.parent_path());
  write_safetensors(out, weights);
  say(fmt::format("{}: epoch {} of {}, {} with {} classes for pictures of {} px",
                  options.safetensors, model.info.epoch, model.path,
                  weights.metadata.at("backbone"), model.info.classes.size(),
                  model.info.config.data.image_size));
  return 0;
}

}  // namespace lanet
