// Landmarks of faces: read from a detector's file, brought to the points that a network is trained
// with, and placed in the resized pictures. docs/training.md, "Landmarks".
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "data/image_set.h"
#include "data/landmark_schemes.h"

namespace lanet {

/// What is known of a face's landmarks. Only good ones are trained with.
enum class LandmarkState : uint8_t {
  good,
  no_row,     ///< the file has no row for the picture
  not_found,  ///< its row says so, or all of its points are equal (zeros) or not a number
  several,    ///< rows of several faces
  outside     ///< more than half of the points lie outside the picture
};

struct Landmarks {
  int num_landmarks = kNumLandmarks;  ///< L, 19 or 5
  std::vector<float> points;          ///< [N, L, 2], (x, y); 0 where there are none
  std::vector<LandmarkState> states;  ///< [N]
  bool swapped = false;               ///< of 5: left and right were the person's in the file

  /// [N]; 1 where the landmarks are good.
  std::vector<uint8_t> valid() const;
};

/// Landmarks for the faces `names` in the coordinates of the file, which is, by its extension
/// in any case:
/// - `.tensor`, `.pt`, `.pth`: torch.save of one tensor [N, P, 2]; rows in the order of `names`.
/// - `.npy`: [N, P, 2] or [N, 2·P]; rows in the order of `names`.
/// - `.csv`: a header, then one row per face. A column `image` (or filename, path, name) has the
///   picture. The points are columns NAME_x and NAME_y of the 19 or of the 5, or x_0 … and y_0 … of
///   any scheme, in any order. A column `ok` or `success` with 0 marks a face that was not found;
///   its points may be empty.
/// - `.json`: an object with a member for each picture: a list of points [x, y] (or of numbers), an
///   object of named points, or such a face below `landmarks`, `keypoints` or `points`; null or an
///   empty list where no face was found; a list or an object of several faces.
/// In `.csv` and `.json` a picture is found by its name as it is or, where that is not ambiguous,
/// by its name without folders, extension and `_aligned`. What is there for other pictures is
/// ignored.
///
/// P is one of the schemes of landmark_schemes.h; every face gets 19 points, or 5 of 5.
/// InputError: another number of rows or points, a column that is missing, a value that is no
/// coordinate below 1e6 in a row that is not marked as not found; in `.json`, a name that occurs
/// twice in one object, values nested more than 16 deep.
Landmarks read_landmarks(const std::filesystem::path& path, std::span<const std::string> names);

/// In which square the coordinates of a file are given.
enum class LandmarkCoordinates {
  square,   ///< one with a given side, whatever the size of the picture
  picture,  ///< pixels of the picture before it is resized
  share     ///< 0..1 of its width and height
};

struct LandmarkPlacement {
  LandmarkCoordinates coordinates = LandmarkCoordinates::square;
  double square = 224;                      ///< side of the square
  std::span<const PictureSize> sizes = {};  ///< [N], of the pictures; for `picture` alone
  double image_size = 224;                  ///< side of the resized pictures
};

/// Scales the points to pixels of the resized pictures, and marks those outside.
void place_landmarks(Landmarks& landmarks, const LandmarkPlacement& placement);

/// One line about the faces without good landmarks: how many, why, and the first of them; empty if
/// all are good. InputError, with the same line, if they are more than `most_missing` of the faces.
/// `file`: for the message.
std::string check_landmarks(const Landmarks& landmarks, std::span<const std::string> names,
                            const std::string& file, double most_missing);

}  // namespace lanet
