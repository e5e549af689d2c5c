// audit --folds: networks that have not seen a face, each trained as a run of its own.
#pragma once

#include <optional>
#include <vector>

#include "train/commands/commands.h"
#include "train/faces.h"

namespace lanet {

/// Trains, as the configuration says, one network on all training faces but one fold, for each
/// fold. What is finished is not trained again. `folds`, `runs`, `jobs` and `resume` are those of
/// the options. False if a run failed or a signal ended it; the next step has been said.
bool train_folds(const Config& config, const AuditOptions& options);

/// [N, C], softmax probabilities of each training face by the network of its fold, after its last
/// epoch. They are kept in the folder of that run (held_out.csv), and its checkpoints are removed.
/// faces: all of the configuration. InputError if they are not those that the runs had.
std::vector<double> held_out_probabilities(const Config& config, const AuditOptions& options,
                                           const Faces& faces);

}  // namespace lanet
