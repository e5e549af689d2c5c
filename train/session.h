// What several commands share: a device by name, the faces of a configuration, and the model behind
// RUN|CHECKPOINT.
#pragma once

#include <memory>
#include <string>

#include "train/checkpoint.h"
#include "train/faces.h"

namespace lanet {

/// f32, bf16 or f64 by name.
DType dtype_from(const std::string& name);

/// Where to compute, and for `auto` a line that says what was taken and why.
struct DeviceChoice {
  Device device = Device::cpu;
  std::string reason;  ///< empty: it was asked for by name
};
/// `auto`, `cpu` or `cuda`; auto is a GPU where one works.
DeviceChoice choose_device(const std::string& name);

/// A line on stderr.
void say(const std::string& line);

/// load_faces(), with its progress and its messages on stderr, unless quiet.
Faces read_faces(Context& context, const Config& config, Split split, bool with_landmarks,
                 bool quiet = false);

/// Tells on stderr what device was taken, and what is wrong with this build or machine for those
/// who compute there, a line each.
void report_environment(const DeviceChoice& choice);

/// A trained model to look at: RUN stands for its last (or best) checkpoint.
struct TrainedModel {
  std::string path;  ///< of the checkpoint file
  NamedArrays checkpoint;
  CheckpointInfo info;
};
/// InputError if `target` is neither a run folder with a checkpoint nor a checkpoint file.
TrainedModel open_trained(const std::string& target, bool best);

}  // namespace lanet
