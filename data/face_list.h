// What every reader of a data set makes: the faces of one split.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "data/image.h"
#include "data/landmarks.h"

namespace lanet {

enum class Split { train, validation, test };

constexpr std::string_view to_string(Split split) {
  constexpr std::string_view kNames[] = {"train", "validation", "test"};
  return kNames[static_cast<size_t>(split)];
}

/// A data set has no face of a split that was asked for.
class EmptySplit : public InputError {
 public:
  using InputError::InputError;
};

/// The part of a picture that is the face, in pixels of the picture. It may extend beyond
/// the picture.
struct FaceBox {
  double x = 0, y = 0, width = 0, height = 0;
};

struct FaceList {
  std::vector<std::string> names;            ///< unique in the data set
  std::vector<int32_t> labels;               ///< places in `classes`
  std::vector<std::filesystem::path> paths;  ///< of the pictures
  /// The names of the classes, the same for every split of the data set (data/expressions.h).
  std::vector<std::string> classes;

  // What only some data sets have; empty for the others.
  std::vector<HostImage> pictures;  ///< [N], instead of paths: the data set holds them in a table
  std::vector<FaceBox> boxes;       ///< [N]; the pictures are cropped to these
  std::vector<double> votes;        ///< [N, C], shares of the annotators
  Landmarks landmarks;              ///< for [N] or none, before place_landmarks()
  /// How the landmarks are given: in shares of the picture (or of its box), or as
  /// data.landmark_coordinates says.
  bool landmark_shares = false;

  /// What a user should know of the split, such as how many faces are left out; mostly empty.
  std::string note;

  size_t size() const { return names.size(); }
  int num_classes() const { return static_cast<int>(classes.size()); }
  /// For functions that take names as views.
  std::vector<std::string_view> class_names() const { return {classes.begin(), classes.end()}; }
};

/// Makes the faces of one split out of what was read for all of them.
using SplitReader = std::function<FaceList(Split)>;

/// Appends the faces of another split of the same data set, with whatever both have.
void append(FaceList& list, FaceList more);

/// What is to be said of classes that only one split has, as a misspelled name would be: `classes
/// without test faces: hapiness (did you mean 'happiness'?), contempt`, one line for each split, or
/// nothing. `train` and `test` are labels, places in `classes`.
std::vector<std::string> one_sided_classes(const std::vector<std::string>& classes,
                                           std::span<const int32_t> train,
                                           std::span<const int32_t> test);

/// The picture of face i, decoded and cropped to its box; black where the box extends beyond it.
/// InputError if the picture cannot be read, or if its box does not overlap it or is more than four
/// times as wide or high.
HostImage face_picture(const FaceList& list, size_t i);

}  // namespace lanet
