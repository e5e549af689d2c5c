// The rival that cleans labels first: confident learning (Northcutt, Jiang and Chuang, "Confident
// Learning: Estimating Uncertainty in Dataset Labels", JAIR 2021). Networks that have not seen a
// face tell which labels are wrong, and these faces are left out of training.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "core/context.h"
#include "core/plan_table.h"
#include "models/robust.h"
#include "train/faces.h"

namespace lanet {

inline constexpr int kImageFolds = 3;

/// Softmax probabilities [N, C] of the training faces of `config`, each by a plain network that was
/// trained on the given labels of the other folds, for a third of the epochs (at least 1), before
/// it memorises wrong labels. faces: [N], without the validation faces; their pictures may be
/// shared with another trainer. plans: for `device` cuda. progress: in pictures of training. Throws
/// InputError if the other folds have fewer faces than a batch.
std::vector<double> cross_validated_probabilities(
    const Config& config, const Faces& faces, Device device, int threads, PlanTable* plans,
    const std::function<void(int64_t done, int64_t total)>& progress);

/// [N], 1 for each face that confident learning counts as wrongly labelled: among the classes j
/// with p_j >= t_j the most probable is not the given one. t_j is the mean of p_j over the faces
/// that are given j. probabilities: [N, C]; given: [N], each in [0, C).
std::vector<uint8_t> confidently_wrong(std::span<const double> probabilities,
                                       std::span<const int32_t> given, int64_t classes);

/// Knowledge by which the robust model follows the given label of a face, and nothing for a face
/// whose label is wrong: its target is the network's own prediction, which has no gradient. Such a
/// face keeps its place in batches and in the statistics of batch norm.
LabelKnowledge without_wrong(std::span<const uint8_t> wrong, std::span<const int32_t> given,
                             int64_t classes);

}  // namespace lanet
