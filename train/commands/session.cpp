#include "train/commands/session.h"

#include "train/progress.h"
#include "train/run_folder.h"

namespace lanet {

Faces read_faces(Context& context, const Config& config, const DataSet& data_set, Split split,
                 bool with_landmarks, bool quiet) {
  if (quiet)
    return load_faces(context, config, data_set, split, with_landmarks, [](const std::string&) {},
                      {});
  return load_faces(
      context, config, data_set, split, with_landmarks, say,
      progress_function(fmt::format("decoding the {} set", to_string(split)), "faces"));
}

Faces read_validation(Context& context, const Config& config, const DataSet& data_set, Faces& train,
                      bool quiet) {
  Faces own =
      read_faces(context, config, data_set, Split::validation, /*with_landmarks=*/false, quiet);
  if (own.size() == 0) return split_off_validation(config, train);
  if (config.data.validation > 0)
    throw InputError(
        fmt::format("data.validation: {}; expected 0: {} has a validation split of its own",
                    config.data.validation, config.data.root));
  return own;
}

TrainedModel open_trained(const std::string& target, bool best) {
  TrainedModel model;
  model.path = checkpoint_file(target, best);
  model.checkpoint = read_trained_weights(model.path);
  model.info = checkpoint_info(model.checkpoint, model.path);
  return model;
}

}  // namespace lanet
