// What readers of landmarks are made of, and a reader for each kind of landmark file.
#pragma once

#include "data/csv.h"
#include "data/landmarks.h"

namespace lanet {

/// Collects the faces of a file, which all have P points, and brings each to the trained ones.
class LandmarkRows {
 public:
  /// InputError if P is not a scheme. `file`: for the message.
  LandmarkRows(const std::string& file, int64_t points);

  /// The next face, [P, 2] and finite. All points equal: it was not found.
  void add(std::span<const float> face, bool found = true);
  /// The next face, without points.
  void add(LandmarkState state);

  int64_t points() const { return points_; }  ///< P
  /// The faces, with left and right as seen in the picture.
  Landmarks take() &&;

 private:
  Landmarks landmarks_;
  int64_t points_;
};

/// The landmarks in a table with a row for each face.
class CsvPoints {
 public:
  /// Keeps the table. It may have no landmarks. InputError: the columns of some points are missing.
  explicit CsvPoints(const CsvTable& table);

  /// P; 0 if there are none.
  int64_t points() const { return static_cast<int64_t>(columns_.size() / 2); }

  struct Face {
    std::vector<float> points;  ///< [P, 2]
    bool found;
  };
  /// InputError: a value that is not a coordinate in a face that was found, `ok` neither 0 nor 1.
  Face read(size_t row) const;

 private:
  const CsvTable& table_;
  int ok_column_;
  std::vector<int> columns_;  // x and y of each point in turn
};

/// Finite, and such that a cell of the heatmap can be computed from it as an integer.
bool is_coordinate(double value);

Landmarks read_csv_landmarks(const std::filesystem::path& path, std::span<const std::string> names);
Landmarks read_json_landmarks(const std::filesystem::path& path,
                              std::span<const std::string> names);

}  // namespace lanet
