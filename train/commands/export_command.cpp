// export: a trained classifier for other programs.
#include <fmt/format.h>

#include <filesystem>

#include "core/error.h"
#include "core/files/file.h"
#include "core/files/safetensors.h"
#include "train/commands/commands.h"
#include "train/commands/session.h"
#include "train/export.h"
#include "train/export_onnx.h"
#include "train/progress.h"
#include "train/ranks/ranks.h"

namespace lanet {

namespace fs = std::filesystem;

namespace {

/// InputError unless every file that is asked for is a new one.
void check_files(const ExportOptions& options) {
  if (options.safetensors.empty() && options.onnx.empty())
    throw InputError("export: no file to write; expected --onnx FILE, --safetensors FILE or both");
  for (const auto& [option, file] :
       {std::pair("--safetensors", options.safetensors), std::pair("--onnx", options.onnx)})
    if (!file.empty() && fs::exists(file))
      throw InputError(fmt::format("{} {}: exists; expected a new file", option, file));
  auto resolved = [](const fs::path& file) { return fs::weakly_canonical(fs::absolute(file)); };
  if (!options.safetensors.empty() && !options.onnx.empty() &&
      resolved(options.safetensors) == resolved(options.onnx))
    throw InputError(
        fmt::format("--onnx {}: the file of --safetensors; expected another one", options.onnx));
}

}  // namespace

int run_export(const ExportOptions& options) {
  require_one_process("export");
  check_files(options);
  const TrainedModel model = open_trained(options.target, options.best);
  const NamedArrays weights =
      torchvision_weights(model.checkpoint, model.info, model.path, options.landmarks);
  const Config& config = model.info.config;
  for (const fs::path file : {options.safetensors, options.onnx})
    if (file.has_parent_path()) create_folder(file.parent_path());
  auto tell = [&](const std::string& file) {
    say(fmt::format(
        "{}: {} of {}, {} with {} classes{} for pictures of {} px", file, to_string(model.info),
        model.path, weights.metadata.at("backbone"), model.info.classes.size(),
        options.landmarks ? fmt::format(" and {} landmarks", weights.metadata.at("landmarks")) : "",
        config.data.image_size));
  };
  if (!options.safetensors.empty()) {
    write_safetensors(options.safetensors, weights);
    tell(options.safetensors);
  }
  if (!options.onnx.empty()) {
    write_text(options.onnx,
               onnx_classifier(weights, config.model.backbone, config.data.image_size,
                               options.preprocess ? OnnxInput::pixels : OnnxInput::normalised));
    tell(options.onnx);
  }
  return 0;
}

}  // namespace lanet
