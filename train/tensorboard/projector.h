// Features of faces for TensorBoard's embedding projector.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "train/evaluate.h"
#include "train/faces.h"

namespace lanet {

/// Faces with their features, and what is known of each.
struct ProjectedFaces {
  std::vector<float> features;         ///< [N, D]
  std::vector<std::string> names;      ///< [N]
  std::vector<std::string> labels;     ///< [N], what they are
  std::vector<std::string> predicted;  ///< [N], what the network takes them for
};

/// A thousand faces of the test set at most, of each class its share.
ProjectedFaces project_test_faces(Context& context, Evaluator& evaluator, const Faces& test);

/// Writes tensors.tsv, metadata.tsv and projector_config.pbtxt to the folder of a run, where
/// TensorBoard finds them. Throws Error.
void write_projector(const std::filesystem::path& folder, const ProjectedFaces& faces);

}  // namespace lanet
