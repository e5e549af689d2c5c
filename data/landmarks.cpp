#include "data/landmarks.h"

#include <charconv>
#include <cmath>
#include <unordered_map>

#include "core/error.h"
#include "core/files/npy.h"
#include "core/files/torch_file.h"
#include "data/csv.h"

namespace lanet {
namespace {

/// Finite, and such that a cell of the heatmap can be computed from it as an integer.
bool is_coordinate(float value) {
  return std::abs(value) < 1e6f;
}

float parse_coordinate(const std::string& text) {
  float value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end ? value : NAN;
}

Landmarks read_csv_landmarks(const std::filesystem::path& path,
                             std::span<const std::string> names) {
  const CsvTable table = read_csv(path);
  const int image_column = table.column("image"), ok_column = table.find_column("ok");
  std::vector<int> columns;
  for (const auto landmark : kLandmarkNames) {
    columns.push_back(table.column(fmt::format("{}_x", landmark)));
    columns.push_back(table.column(fmt::format("{}_y", landmark)));
  }
  std::unordered_map<std::string, size_t> row_of;
  for (size_t row = 0; row < table.rows.size(); ++row) {
    const std::string& image = table.rows[row][static_cast<size_t>(image_column)];
    if (!row_of.emplace(image, row).second)
      throw InputError(fmt::format("{}: a second row for {}", table.place(row), printable(image)));
  }

  Landmarks landmarks{static_cast<int>(names.size()), kNumLandmarks, {}, {}};
  size_t missing = 0;
  std::string first_missing;
  for (const std::string& name : names) {
    const auto found = row_of.find(name);
    if (found == row_of.end()) {
      if (missing++ == 0) first_missing = name;
      continue;
    }
    const auto& row = table.rows[found->second];
    const std::string ok = ok_column < 0 ? "1" : row[static_cast<size_t>(ok_column)];
    if (ok != "0" && ok != "1")
      throw InputError(fmt::format("{}: ok is '{}'; expected 0 or 1", table.place(found->second),
                                   printable(ok)));
    landmarks.valid.push_back(ok == "1");
    for (const int column : columns) {
      const std::string& text = row[static_cast<size_t>(column)];
      float value = parse_coordinate(text);
      if (!is_coordinate(value)) {
        if (ok == "1")
          throw InputError(fmt::format("{}: {} is '{}'; expected a coordinate in pixels",
                                       table.place(found->second),
                                       table.header[static_cast<size_t>(column)], printable(text)));
        value = 0;
      }
      landmarks.points.push_back(value);
    }
  }
  if (missing > 0)
    throw InputError(fmt::format("{}: no row for {} ({} of the {} faces have none)", table.file,
                                 first_missing, missing, names.size()));
  return landmarks;
}

/// [N, L, 2], or [N, 2·L] where `flat` is allowed.
Landmarks take_rows(const std::string& file, const HostArray& array, bool flat,
                    std::span<const std::string> names) {
  const auto& shape = array.shape;
  const bool is_points = shape.size() == 3 && shape[2] == 2;
  const bool is_flat = flat && shape.size() == 2 && shape[1] % 2 == 0;
  if (!is_points && !is_flat)
    throw InputError(fmt::format("{}: an array of shape {}; expected [faces, landmarks, 2]{}", file,
                                 to_string(shape), flat ? " or [faces, 2 * landmarks]" : ""));
  if (shape[0] != static_cast<int64_t>(names.size()))
    throw InputError(fmt::format("{}: {} rows of landmarks; the list has {} training faces", file,
                                 shape[0], names.size()));
  const int64_t num_landmarks = is_points ? shape[1] : shape[1] / 2;
  Landmarks landmarks{static_cast<int>(shape[0]), static_cast<int>(num_landmarks),
                      array.to<float>(), std::vector<uint8_t>(names.size(), 1)};
  for (size_t i = 0; i < landmarks.points.size(); ++i) {
    const size_t face = i / static_cast<size_t>(2 * num_landmarks);
    if (!is_coordinate(landmarks.points[i]))
      throw InputError(fmt::format(
          "{}: row {} ({}), landmark {}: {}; expected a coordinate in pixels", file, face,
          names[face], i / 2 % static_cast<size_t>(num_landmarks), landmarks.points[i]));
  }
  return landmarks;
}

Landmarks read_torch_landmarks(const std::filesystem::path& path,
                               std::span<const std::string> names) {
  const NamedArrays content = read_torch_file(path);
  if (content.arrays.size() != 1)
    throw InputError(
        fmt::format("{}: it holds {} tensors; expected one, of shape "
                    "[faces, landmarks, 2]",
                    path.string(), content.arrays.size()));
  return take_rows(path.string(), content.arrays.begin()->second, /*flat=*/false, names);
}

Landmarks read_any(const std::filesystem::path& path, std::span<const std::string> names) {
  const std::string extension = path.extension().string();
  if (extension == ".csv") return read_csv_landmarks(path, names);
  if (extension == ".npy") return take_rows(path.string(), read_npy(path), /*flat=*/true, names);
  if (extension == ".tensor" || extension == ".pt" || extension == ".pth")
    return read_torch_landmarks(path, names);
  throw InputError(
      fmt::format("data.landmarks {}: a file of kind '{}'; expected .tensor, .pt, "
                  ".pth, .csv or .npy",
                  path.string(), extension));
}

}  // namespace

Landmarks read_landmarks(const std::filesystem::path& path, std::span<const std::string> names,
                         const LandmarkOptions& options) {
  if (!std::filesystem::is_regular_file(path))
    throw InputError(fmt::format("data.landmarks {}: there is no such file", path.string()));
  Landmarks landmarks = read_any(path, names);
  if (landmarks.num_landmarks != options.num_landmarks)
    throw InputError(fmt::format("{}: {} landmarks a face; the model has {}", path.string(),
                                 landmarks.num_landmarks, options.num_landmarks));
  if (options.coordinate_size) {
    LANET_REQUIRE(*options.coordinate_size > 0, "coordinate_size is {}", *options.coordinate_size);
    const double scale = options.image_size / *options.coordinate_size;
    for (float& value : landmarks.points) value = static_cast<float>(value * scale);
  }
  return landmarks;
}

}  // namespace lanet
