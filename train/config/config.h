// The configuration of a run: plain structs, read from JSON. One table of fields
// (config_fields.cpp) yields the parser, its checks, the dump and the listing in --help. The
// initialisers here are the defaults.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "data/data_source.h"
#include "data/image_set.h"
#include "data/landmarks.h"
#include "kernels/augment.h"
#include "models/lanet.h"
#include "train/config/choices.h"

namespace lanet {

struct NoiseConfig {
  double rate = 0.0;
  NoiseKind kind = NoiseKind::symmetric;
  std::string rates;  // absolute once loaded; empty: none
  std::string file;   // absolute once loaded; empty: none

  /// Whether labels of the list are made wrong.
  bool planted() const { return rate > 0 || !rates.empty() || !file.empty(); }
};

struct DataConfig {
  std::string root;  // absolute once loaded
  DataFormat format = DataFormat::automatic;
  std::string labels = kDefaultLabelList;  // relative to root
  std::string classes;                     // names, or how many; empty: the data say
  std::string true_labels;                 // relative to root; empty: none
  std::string votes;                       // relative to root; empty: none
  std::string landmarks;                   // relative to root; empty: none
  LandmarkCoordinates landmark_coordinates = LandmarkCoordinates::square;
  double landmark_size = 224.0;    // side of the square in which landmark coordinates are given
  double landmarks_missing = 0.1;  // share of the training faces that may lack them
  int64_t image_size = 224;
  bool skip_bad_images = false;
  Residency residency = Residency::automatic;
  std::string cache;        // absolute once loaded; empty: none
  std::string corrections;  // absolute once loaded; empty: none
  double validation = 0.0;  // share of the training faces
  int64_t fold = 0;         // of the training faces, from 1; 0: none is left out
  int64_t folds = 5;
  NoiseConfig noise;
  bool flip_swap_landmarks = true;  // a mirrored face's left landmarks become its right ones
  AugmentConfig augment{.flip_probability = 0.5,
                        .crop_area_min = 0.75,
                        .crop_area_max = 1.0,
                        .crop_ratio_min = 3.0 / 4.0,
                        .crop_ratio_max = 4.0 / 3.0,
                        .jitter_min = 0.6,
                        .jitter_max = 1.4,
                        .erase_probability = 0.2,
                        .erase_area_min = 0.02,
                        .erase_area_max = 0.20,
                        .erase_ratio_min = 0.3,
                        .erase_ratio_max = 3.3};
};

struct ModelConfig {
  Recipe recipe = Recipe::published;
  Backbone backbone = Backbone::resnet18;
  std::string pretrained;  // absolute once loaded; empty: none
  int64_t neighbours = 8;  // K
  int64_t bank = 8192;     // M, rows of each memory bank
  double confidence = 0.7;
  double temperature = 0.1;
  double bank_momentum = 0.9;
  double key_momentum = 0.999;
  double opinion_momentum = 0.9;
  double noise_floor = 0.2;
  ShapeSource shapes = ShapeSource::network;
  bool allow_partial = false;  // of pretrained
};

struct TrainConfig {
  int64_t epochs = 80;
  int64_t batch = 128;  // global
  double learning_rate = 1e-3;
  Schedule schedule = Schedule::linear;
  double warmup_epochs = 0;  // less than epochs
  double weight_decay = 0;
  Sampler sampler = Sampler::given;
  DTypeSetting dtype = DTypeSetting::f32;
  DeviceSetting device = DeviceSetting::automatic;
  int64_t threads = 0;  // 0: what OpenMP would take
  bool tensorboard = false;
  bool tf32 = false;  // on CUDA: products of f32 may round their operands to TF32
  LossWeights weights{.expression = 1.0, .landmark = 1.0, .distribution = 1.0, .contrastive = 0.1};
};

/// When last.safetensors is written, beside the end of each epoch; 0: not then.
struct CheckpointConfig {
  int64_t every_steps = 0;
  double every_minutes = 0;
};

struct Config {
  Method method = Method::lanet;
  int64_t seed = 1;
  DataConfig data;
  ModelConfig model;
  TrainConfig train;
  CheckpointConfig checkpoint;
};

/// Reads and checks a configuration file, which lies over the one that its "extends" names
/// (relative to its folder), with `overrides` (`a.b=value`, the --set options) over both. A
/// relative data.root or model.pretrained is taken from the folder of the file that has it, or from
/// the working directory where an override gave it, and becomes absolute; data.labels,
/// data.true_labels, data.votes and data.landmarks stay as written. Throws InputError, one line:
/// where, JSON path, value, what was expected, nearest valid key or value.
Config load_config(const std::filesystem::path& file,
                   const std::vector<std::string>& overrides = {});

/// Values laid over a configuration as if a file held them. `fields`: an object, by full path
/// ("data.noise.rate") or in sections, which outlives the layer; `source`: what messages call it;
/// `base`: the folder that relative paths are taken from.
struct ConfigLayer {
  std::string source;
  std::filesystem::path base;
  const nlohmann::json& fields;
};
/// The same with layers between the file and the overrides, each over those before it.
Config load_config(const std::filesystem::path& file, const std::vector<ConfigLayer>& layers,
                   const std::vector<std::string>& overrides);

/// Whether training reads landmarks.
bool reads_landmarks(const Config& config);
/// The smallest batch: a face, its neighbours if the method uses them, and one more.
int64_t least_batch(const Config& config);
/// Whether training starts from knowledge of which labels are wrong: from the landmarks
/// (train/labels/label_knowledge.h) or from other networks (train/labels/confident_learning.h).
bool starts_from_knowledge(const Config& config);

/// Throws InputError if training with this configuration needs a file that it does not name: the
/// landmarks, unless the data set has landmarks of its own. (Evaluation needs none.) `file`: what
/// the message names.
void check_trainable(const Config& config, const std::string& file);

/// Where the data set is and how it is read, without its format.
DataSource data_source(const DataConfig& data);

/// As load_config(), from the text of a configuration with absolute paths, as a checkpoint holds
/// it; `source` names it in messages.
Config parse_config(const std::string& text, const std::string& source,
                    const std::vector<std::string>& overrides = {});

/// Every field in the table's order. load_config reads it back to the same Config.
nlohmann::ordered_json to_json(const Config& config);

/// The type of activations. train.dtype must no longer be auto (choose_dtype()).
DType activation_dtype(const Config& config);

/// The table as text: one line per field with its meaning, its type or choices, and its default.
std::string config_help();

}  // namespace lanet
