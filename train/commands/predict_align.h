// predict --align: faces in the position of the template.
#pragma once

#include <string>
#include <vector>

#include "data/align.h"
#include "train/commands/predict_inputs.h"

namespace lanet {

/// Brings faces into the position of the template, as the command align does.
class Aligner {
 public:
  /// Reads the landmarks of all `inputs`, which are pictures. `size`: the side of what align()
  /// returns.
  Aligner(const PredictOptions& options, const PredictInputs& inputs, int64_t size);

  /// Input i, whose picture this is.
  HostImage align(const HostImage& picture, int64_t i);
  /// InputError unless one of the first `count` pictures was aligned.
  void require_some(int64_t count) const;
  /// A line about the pictures that were only resized; empty: there are none.
  std::string remark() const;

 private:
  std::string file_;
  std::vector<std::string> names_;
  Landmarks landmarks_;
  LandmarkUnits units_;
  int size_;
};

}  // namespace lanet
