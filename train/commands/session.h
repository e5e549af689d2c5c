// What several commands share: the faces of a configuration, and the model behind RUN|CHECKPOINT.
#pragma once

#include <string>

#include "train/checkpoint.h"
#include "train/faces.h"

namespace lanet {

/// load_faces(), with its progress and its messages on stderr, unless quiet.
Faces read_faces(Context& context, const Config& config, const DataSet& data_set, Split split,
                 bool with_landmarks, bool quiet = false);

/// The validation faces of a configuration: those of the data set's own validation split or, of a
/// set without one, those split off its training faces; none with data.validation 0. InputError for
/// data.validation with a set that has such a split.
Faces read_validation(Context& context, const Config& config, const DataSet& data_set, Faces& train,
                      bool quiet = false);

/// A trained model to look at: RUN stands for its last (or best) checkpoint.
struct TrainedModel {
  std::string path;        ///< of the checkpoint file
  NamedArrays checkpoint;  ///< without the training state
  CheckpointInfo info;
};
/// InputError if `target` is neither a run folder with a checkpoint nor a checkpoint file.
TrainedModel open_trained(const std::string& target, bool best);

}  // namespace lanet
