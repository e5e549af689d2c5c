// Landmark schemes: how many points a detector gives a face and in which order, and how they become
// the points that a network is trained with. docs/training.md, "Landmarks".
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lanet {

constexpr int kNumLandmarks = 19;

/// The 19 points in order; left as seen in the picture. The columns of a CSV are NAME_x and NAME_y.
constexpr std::array<std::string_view, kNumLandmarks> kLandmarkNames = {
    "brow_l_outer", "brow_l_mid",   "brow_l_inner", "brow_r_inner", "brow_r_mid",
    "brow_r_outer", "eye_l_outer",  "eye_l_center", "eye_l_inner",  "eye_r_inner",
    "eye_r_center", "eye_r_outer",  "nose_left",    "nose_tip",     "nose_right",
    "mouth_left",   "mouth_center", "mouth_right",  "chin"};

/// The 5 points of RetinaFace and MTCNN in order, under the names of their files.
constexpr int kFewLandmarks = 5;
constexpr std::array<std::string_view, kFewLandmarks> kFewLandmarkNames = {
    "left_eye", "right_eye", "nose", "mouth_left", "mouth_right"};

/// Whether a file may have this many points per face: 5, 19, 68, 98, 468 or 478.
bool is_landmark_scheme(int64_t points);
/// `5 (RetinaFace, MTCNN), 19, 68 (dlib, OpenFace), …`, for messages.
std::string landmark_schemes();

/// The points that a face with `points` landmarks is trained with: 5 of 5, else 19.
int trained_landmarks(int64_t points);
/// The 5 or 19 points [L, 2] of a face [P, 2] of a scheme. Each is the mean of the scheme's points
/// that the table in landmark_schemes.cpp names.
std::vector<float> to_trained_landmarks(std::span<const float> face);

/// Landmark l of a mirrored face is landmark flip_permutation(L)[l] of the face; L is 5 or 19.
std::span<const int32_t> flip_permutation(int64_t landmarks);

/// Where the L (5 or 19) landmarks of an aligned face lie, [L, 2] in shares of its side. It is the
/// mean of 3,000 drawn faces (data/synth), which have the framing of RAF-DB's aligned pictures, and
/// their mirror images.
std::vector<double> aligned_template(int64_t landmarks);

}  // namespace lanet
