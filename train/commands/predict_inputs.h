// What predict looks at: the pictures and videos that the words of the command line stand for.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "train/commands/commands.h"

namespace lanet {

/// Files, pictures and videos, and their names in a file of landmarks.
struct PredictInputs {
  std::vector<std::string> paths, names;
};

/// The inputs that the images and the list stand for. InputError if there are none.
PredictInputs predict_inputs(const PredictOptions& options);

/// [N]; the class that the folder of each file is named after. InputError if one is named
/// otherwise.
std::vector<int32_t> labels_by_folder(std::span<const std::string> paths,
                                      std::span<const std::string> classes);

}  // namespace lanet
