// Landmark files: the 19 points of each training face. docs/design.md, "Data set".
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lanet {

constexpr int kNumLandmarks = 19;

/// The points in order; left as seen in the picture. The columns of a CSV are NAME_x and NAME_y.
constexpr std::array<std::string_view, kNumLandmarks> kLandmarkNames = {
    "brow_l_outer", "brow_l_mid",   "brow_l_inner", "brow_r_inner", "brow_r_mid",
    "brow_r_outer", "eye_l_outer",  "eye_l_center", "eye_l_inner",  "eye_r_inner",
    "eye_r_center", "eye_r_outer",  "nose_left",    "nose_tip",     "nose_right",
    "mouth_left",   "mouth_center", "mouth_right",  "chin"};

struct Landmarks {
  int num_faces = 0, num_landmarks = 0;
  std::vector<float> points;   ///< [N, L, 2], (x, y) in pixels of the resized picture
  std::vector<uint8_t> valid;  ///< [N]; 0: this face has no landmark loss
};

struct LandmarkOptions {
  int image_size = 224;
  /// Side of the picture that the file's coordinates are for; they are scaled by
  /// image_size / coordinate_size. Absent: they are for image_size already.
  std::optional<double> coordinate_size = std::nullopt;
  /// What the model wants; a file with another number of points is an InputError. A CSV has 19.
  int num_landmarks = kNumLandmarks;
};

/// Landmarks for the faces `names` (the training lines of the list, in order), by file extension:
/// - `.tensor`, `.pt`, `.pth`: torch.save of one tensor [N, L, 2]; rows in the order of `names`.
/// - `.npy`: [N, L, 2] or [N, 2·L]; rows in the order of `names`.
/// - `.csv`: a header, then a row a face, found by its `image` column; columns NAME_x and NAME_y
/// for
///   the 19 points, in any order; a column `ok` with 0 marks a face as not valid (its points may
///   then be empty or not finite, and become 0). Other columns, and rows of other pictures, are
///   ignored. Fields are separated by commas and not quoted.
/// InputError: another number of rows or points, a face without a row, a picture with two rows, a
/// column that is missing, a coordinate that is not a finite number below 1e6.
Landmarks read_landmarks(const std::filesystem::path& path, std::span<const std::string> names,
                         const LandmarkOptions& options);

}  // namespace lanet
