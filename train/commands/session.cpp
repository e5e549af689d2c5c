#include "train/commands/session.h"

#include "train/progress.h"
#include "train/run_folder.h"

namespace lanet {

namespace fs = std::filesystem;

Faces read_faces(Context& context, const Config& config, Split split, bool with_landmarks,
                 bool quiet) {
  if (quiet)
    return load_faces(context, config, split, with_landmarks, [](const std::string&) {}, {});
  return load_faces(
      context, config, split, with_landmarks, say,
      progress_function(fmt::format("decoding the {} set", to_string(split)), "faces"));
}

Faces read_validation(Context& context, const Config& config, Faces& train, bool quiet) {
  Faces own = read_faces(context, config, Split::validation, /*with_landmarks=*/false, quiet);
  if (own.size() == 0) return split_off_validation(context, config, train);
  if (config.data.validation > 0)
    throw InputError(
        fmt::format("data.validation: {}; expected 0: {} has a validation split of its own",
                    config.data.validation, config.data.root));
  return own;
}

TrainedModel open_trained(const std::string& target, bool best) {
  TrainedModel model;
  model.path = target;
  if (fs::is_directory(target)) {
    RunFolder::open(target);  // says so where it is none
    const fs::path file = fs::path(target) / (best ? RunFolder::kBest : RunFolder::kLast);
    if (!fs::exists(file))
      throw InputError(fmt::format("{}: no {} in it; the run has not finished an epoch", target,
                                   file.filename().string()));
    model.path = file.string();
  } else if (best) {
    throw InputError(fmt::format("{}: --best is for a run folder; this is a file", target));
  }
  model.checkpoint = read_checkpoint(model.path);
  model.info = checkpoint_info(model.checkpoint, model.path);
  return model;
}

}  // namespace lanet
