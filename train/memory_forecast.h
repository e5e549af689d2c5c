// How much memory a training will take, known before a picture is decoded.
#pragma once

#include <string>

#include "train/config/config.h"

namespace lanet {

/// What a forecast needs to know of a data set.
struct DataSize {
  int64_t train = 0;     ///< training faces without those of the validation
  int64_t pictures = 0;  ///< of all splits, as far as they lie beside the training
  int64_t classes = 0;
  int64_t landmarks = 0;  ///< of each face
};

/// Bytes on the device that trains, which on the CPU is the host.
struct MemoryForecast {
  size_t pictures = 0;
  size_t training = 0;  ///< weights, gradients, moments, banks, activations and workspaces
};

/// Plans the training without memory and without a device, and counts. On CUDA, where a library
/// chooses engines while planning, workspaces are those of the default engines.
MemoryForecast forecast_memory(const Config& config, Device device, const DataSize& size);

/// Throws InputError if the training of `config` on each of so many ranks takes more than `free`
/// bytes beside its pictures: how much it takes, and the largest batch that fits.
void require_memory(const Config& config, Device device, size_t free, int ranks = 1);

}  // namespace lanet
