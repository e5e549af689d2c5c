#include "train/commands/session.h"

#include "train/progress.h"
#include "train/run_folder.h"

namespace lanet {

Faces read_faces(Context& context, const Config& config, Split split, bool with_landmarks,
                 bool quiet) {
  if (quiet)
    return load_faces(context, config, split, with_landmarks, [](const std::string&) {}, {});
  return load_faces(
      context, config, split, with_landmarks, say,
      progress_function(fmt::format("decoding the {} set", to_string(split)), "faces"));
}

TrainedModel open_trained(const std::string& target, bool best) {
  TrainedModel model;
  model.path = checkpoint_file(target, best);
  model.checkpoint = read_checkpoint(model.path);
  model.info = checkpoint_info(model.checkpoint, model.path);
  return model;
}

}  // namespace lanet
