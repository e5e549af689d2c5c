// What landmarks.cpp reads files with: one reader for each kind.
#pragma once

#include "data/landmarks.h"

namespace lanet {

/// Collects the faces of a file, which all have P points, and brings each to the trained ones.
class LandmarkRows {
 public:
  /// InputError if P is no scheme. `file`: for the message.
  LandmarkRows(const std::string& file, int64_t points);

  /// The next face, [P, 2] and finite. All points equal: it was not found.
  void add(std::span<const float> face, bool found = true);
  /// The next face, without points.
  void add(LandmarkState state);

  /// The points of a network, L of them.
  Landmarks landmarks;
  int64_t points;  ///< P
};

/// Finite, and such that a cell of the heatmap can be computed from it as an integer.
bool is_coordinate(double value);

Landmarks read_csv_landmarks(const std::filesystem::path& path, std::span<const std::string> names);
Landmarks read_json_landmarks(const std::filesystem::path& path,
                              std::span<const std::string> names);

}  // namespace lanet
