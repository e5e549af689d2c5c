// Checkpoints: weights under PyTorch's names and, for a run that can be resumed, the training
// state.
#pragma once

#include "core/files/safetensors.h"
#include "models/model.h"
#include "train/config/config.h"

namespace lanet {

/// How far a run has come: `epoch` finished epochs and, of the next one, `epoch_steps` steps;
/// `steps` optimiser steps in all.
struct CheckpointInfo {
  Config config;
  std::vector<std::string> classes;  ///< their names, in the order of the network's outputs
  int epoch = 0;
  int64_t steps = 0;
  int64_t epoch_steps = 0;
};
/// "epoch 3", "epoch 3 and 17 steps"
std::string to_string(const CheckpointInfo& info);

/// The parameters of `store` under their names, in file layout, f32 (f64 for an f64 run). The
/// result refers to context and store. To read a parameter that is NaN or infinite throws Error,
/// which names it and the step.
TensorSources save_parameters(Context& context, const ParameterStore& store,
                              const CheckpointInfo& info);
/// Adds what is needed to continue: Adam's moments, the momentum copies, and the model's own state.
void add_training_state(Context& context, const Model& model, const CheckpointInfo& info,
                        TensorSources& checkpoint);

/// Whether a safetensors file is a checkpoint of this program.
bool is_checkpoint(const NamedArrays& file);
/// Reads a checkpoint file, or of its tensors the parameters alone. InputError if it is unreadable,
/// damaged or not one of ours, or if a tensor has NaN or an infinite number.
NamedArrays read_checkpoint(const std::string& path);
NamedArrays read_trained_weights(const std::string& path);
/// A checkpoint without class names is of the seven expressions, as all were once.
CheckpointInfo checkpoint_info(const NamedArrays& checkpoint, const std::string& path);
/// L, the heatmaps of the landmark branch of a checkpoint; 0: it has no such branch.
int64_t landmarks_of(const NamedArrays& checkpoint);
/// InputError, which names both, unless a checkpoint's classes are those of the data.
void require_same_classes(const CheckpointInfo& info, const std::string& path,
                          const std::vector<std::string>& classes);

/// Writes the arrays into the store and updates shadows. InputError, which names `path`, unless
/// every parameter is there with the model's shape.
void load_parameters(Context& context, const NamedArrays& checkpoint, const std::string& path,
                     ParameterStore& store);
/// The counterpart of add_training_state, after load_parameters. InputError if the file holds no
/// state.
void load_training_state(Context& context, const NamedArrays& checkpoint, const std::string& path,
                         Model& model);

}  // namespace lanet
