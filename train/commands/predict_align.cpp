#include "train/commands/predict_align.h"

#include <algorithm>
#include <unordered_map>

#include "core/error.h"
#include "data/landmarks.h"
#include "train/config/choices.h"

namespace lanet {

namespace {

/// Each picture that has the name of an earlier one in another place, after that earlier one.
std::vector<std::pair<size_t, size_t>> namesakes_among(const PredictInputs& inputs) {
  std::unordered_map<std::string, size_t> first;
  std::vector<std::pair<size_t, size_t>> pairs;
  for (size_t i = 0; i < inputs.names.size(); ++i) {
    const size_t earlier = first.try_emplace(inputs.names[i], i).first->second;
    if (inputs.paths[i] != inputs.paths[earlier]) pairs.emplace_back(earlier, i);
  }
  return pairs;
}

}  // namespace

Aligner::Aligner(const PredictOptions& options, const PredictInputs& inputs, int64_t size)
    : file_(options.landmarks),
      names_(inputs.names),
      units_{choice_from<LandmarkCoordinates>(options.coordinates), options.square},
      size_(static_cast<int>(size)) {
  // Pictures of one name in two folders can only be told apart by their paths.
  const auto namesakes = namesakes_among(inputs);
  for (const auto& pair : namesakes)
    for (const size_t i : {pair.first, pair.second}) names_[i] = inputs.paths[i];
  landmarks_ = read_landmarks(file_, names_);
  for (const auto& [i, j] : namesakes)
    if (landmarks_.states[i] == LandmarkState::no_row &&
        landmarks_.states[j] == LandmarkState::no_row)
      throw InputError(
          fmt::format("--landmarks {}: {} and {} are both named {}; expected rows with these "
                      "paths, or one predict for each folder",
                      file_, names_[i], names_[j], inputs.names[i]));
}

HostImage Aligner::align(const HostImage& picture, int64_t i) {
  return align_face(picture, landmarks_, static_cast<size_t>(i), units_, size_).picture;
}

void Aligner::require_some(int64_t count) const {
  const auto begin = landmarks_.states.begin();
  if (std::find(begin, begin + count, LandmarkState::good) == begin + count)
    throw InputError(fmt::format("{}; are the pictures' names and sizes those of the file?",
                                 check_landmarks(landmarks_, names_, file_, 1)));
}

std::string Aligner::remark() const {
  const std::string line = check_landmarks(landmarks_, names_, file_, /*most_missing=*/1);
  return line.empty() ? "" : line + "; they are only resized";
}

}  // namespace lanet
