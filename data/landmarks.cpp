#include "data/landmarks.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/files/file.h"
#include "core/files/npy.h"
#include "core/files/torch_file.h"
#include "data/landmark_files.h"

namespace lanet {
namespace {

constexpr size_t kNamesListed = 3;

/// [N, P, 2], or [N, 2·P] where `flat` is allowed.
Landmarks take_rows(const std::string& file, const HostArray& array, bool flat,
                    std::span<const std::string> names) {
  const auto& shape = array.shape;
  const bool is_points = shape.size() == 3 && shape[2] == 2;
  const bool is_flat = flat && shape.size() == 2 && shape[1] % 2 == 0;
  if (!is_points && !is_flat)
    throw InputError(fmt::format("{}: an array of shape {}; expected [faces, landmarks, 2]{}", file,
                                 to_string(shape), flat ? " or [faces, 2 * landmarks]" : ""));
  if (shape[0] != static_cast<int64_t>(names.size()))
    throw InputError(fmt::format("{}: {} row{} of landmarks; expected {}, one for each face", file,
                                 shape[0], shape[0] == 1 ? "" : "s", names.size()));
  LandmarkRows rows(file, is_points ? shape[1] : shape[1] / 2);
  const std::vector<float> values = array.to<float>();
  const auto width = static_cast<size_t>(2 * rows.points());
  for (size_t n = 0; n < names.size(); ++n) {
    const auto face = std::span(values).subspan(n * width, width);
    if (std::all_of(face.begin(), face.end(), [](float v) { return std::isnan(v); })) {
      rows.add(LandmarkState::not_found);
      continue;
    }
    for (size_t i = 0; i < width; ++i)
      if (!is_coordinate(static_cast<double>(face[i])))
        throw InputError(fmt::format("{}: row {} ({}), landmark {}: {}; expected a coordinate",
                                     file, n, names[n], i / 2, face[i]));
    rows.add(face);
  }
  return std::move(rows).take();
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
  const std::string extension = lower_extension(path);
  if (extension == ".csv") return read_csv_landmarks(path, names);
  if (extension == ".json") return read_json_landmarks(path, names);
  if (extension == ".npy") return take_rows(path.string(), read_npy(path), /*flat=*/true, names);
  if (extension == ".tensor" || extension == ".pt" || extension == ".pth")
    return read_torch_landmarks(path, names);
  throw InputError(
      fmt::format("{}: unsupported landmark file type '{}'; expected .tensor, .pt, .pth, .csv, "
                  ".npy or .json",
                  path.string(), path.extension().string()));
}

/// Of 5 points, some detectors call the person's right eye and corner of the mouth the left ones,
/// others those on the left of the picture, as is done here. Upside-down faces are rarer than
/// either convention, so the majority decides.
void take_picture_sides(Landmarks& landmarks) {
  if (landmarks.num_landmarks != kFewLandmarks) return;
  const auto flip = flip_permutation(kFewLandmarks);
  int ordered = 0, reversed = 0;
  for (size_t n = 0; n < landmarks.states.size(); ++n) {
    if (landmarks.states[n] != LandmarkState::good) continue;
    const float* face = landmarks.points.data() + n * 2 * kFewLandmarks;
    ++(face[0] <= face[2] ? ordered : reversed);
  }
  if (reversed <= ordered) return;
  landmarks.swapped = true;
  for (size_t n = 0; n < landmarks.states.size(); ++n) {
    float* face = landmarks.points.data() + n * 2 * kFewLandmarks;
    const std::vector<float> old(face, face + 2 * kFewLandmarks);
    for (size_t l = 0; l < kFewLandmarks; ++l)
      std::copy_n(old.begin() + 2 * flip[l], 2, face + 2 * l);
  }
}

}  // namespace

bool is_coordinate(double value) {
  return std::abs(value) < 1e6;
}

LandmarkRows::LandmarkRows(const std::string& file, int64_t points) : points_(points) {
  if (!is_landmark_scheme(points))
    throw InputError(
        fmt::format("{}: {} landmarks per face; expected {}", file, points, landmark_schemes()));
  landmarks_.num_landmarks = trained_landmarks(points);
}

void LandmarkRows::add(std::span<const float> face, bool found) {
  const std::vector<float> trained = to_trained_landmarks(face);
  // Means of equal points may differ by a rounding error, and points that are not trained may
  // differ from the others.
  const auto in_one_place = [](std::span<const float> points) {
    for (size_t i = 2; i < points.size(); ++i)
      if (points[i] != points[i % 2]) return false;
    return true;
  };
  const bool one_place = in_one_place(face) || in_one_place(trained);
  landmarks_.points.insert(landmarks_.points.end(), trained.begin(), trained.end());
  landmarks_.states.push_back(found && !one_place ? LandmarkState::good : LandmarkState::not_found);
}

void LandmarkRows::add(LandmarkState state) {
  landmarks_.points.resize(landmarks_.points.size() +
                           2 * static_cast<size_t>(landmarks_.num_landmarks));
  landmarks_.states.push_back(state);
}

Landmarks LandmarkRows::take() && {
  take_picture_sides(landmarks_);
  return std::move(landmarks_);
}

std::vector<uint8_t> Landmarks::valid() const {
  std::vector<uint8_t> valid;
  for (const LandmarkState state : states) valid.push_back(state == LandmarkState::good);
  return valid;
}

Landmarks read_landmarks(const std::filesystem::path& path, std::span<const std::string> names) {
  if (!std::filesystem::is_regular_file(path))
    throw InputError(fmt::format("{}: there is no such file; expected landmarks", path.string()));
  return read_any(path, names);
}

void place_landmarks(Landmarks& landmarks, const LandmarkPlacement& placement) {
  const size_t count = landmarks.states.size(),
               width = 2 * static_cast<size_t>(landmarks.num_landmarks);
  const bool by_picture = placement.coordinates == LandmarkCoordinates::picture;
  LANET_REQUIRE(!by_picture || placement.sizes.size() == count, "{} sizes of {} pictures",
                placement.sizes.size(), count);
  for (size_t n = 0; n < count; ++n) {
    double side[2] = {1, 1};  // of the picture, in the file's units
    if (placement.coordinates == LandmarkCoordinates::square) {
      side[0] = side[1] = placement.square;
    } else if (by_picture) {
      side[0] = placement.sizes[n].width;
      side[1] = placement.sizes[n].height;
    }
    LANET_REQUIRE(side[0] > 0 && side[1] > 0, "a picture of {} x {}", side[0], side[1]);
    const double scale[2] = {placement.image_size / side[0], placement.image_size / side[1]};
    size_t outside = 0;
    float* face = landmarks.points.data() + n * width;
    for (size_t i = 0; i < width; i += 2) {
      bool inside = true;
      for (size_t axis = 0; axis < 2; ++axis) {
        float& value = face[i + axis];
        value = static_cast<float>(value * scale[axis]);
        inside &= value >= 0 && static_cast<double>(value) <= placement.image_size;
      }
      outside += !inside;
    }
    LandmarkState& state = landmarks.states[n];
    if (state == LandmarkState::good && 2 * outside > width / 2) state = LandmarkState::outside;
  }
}

std::string check_landmarks(const Landmarks& landmarks, std::span<const std::string> names,
                            const std::string& file, double most_missing) {
  const auto& states = landmarks.states;
  LANET_REQUIRE(states.size() == names.size(), "{} faces of {}", states.size(), names.size());
  std::vector<std::string> reasons, listed;
  size_t missing = 0;
  constexpr std::array<std::pair<LandmarkState, std::string_view>, 4> kReasons = {
      {{LandmarkState::no_row, "without a row"},
       {LandmarkState::not_found, "not found by the detector"},
       {LandmarkState::several, "with several rows"},
       {LandmarkState::outside, "outside the picture"}}};
  for (const auto& [state, reason] : kReasons) {
    const auto count = static_cast<size_t>(std::count(states.begin(), states.end(), state));
    if (count > 0) reasons.push_back(fmt::format("{} {}", count, reason));
    missing += count;
  }
  if (missing == 0) return "";
  for (size_t n = 0; n < names.size() && listed.size() < kNamesListed; ++n)
    if (states[n] != LandmarkState::good) listed.push_back(printable(names[n]));
  const std::string line = fmt::format(
      "{}: {} of {} faces have no usable landmarks ({}): {}{}", file, missing, names.size(),
      fmt::join(reasons, ", "), fmt::join(listed, ", "), missing > listed.size() ? ", …" : "");
  if (static_cast<double>(missing) <= most_missing * static_cast<double>(names.size())) return line;
  const bool mostly_outside = 2 * std::count(states.begin(), states.end(), LandmarkState::outside) >
                              static_cast<ptrdiff_t>(missing);
  throw InputError(fmt::format(
      "{}; expected at most a share of {} (data.landmarks_missing){}", line, most_missing,
      mostly_outside ? "; are data.landmark_coordinates and data.landmark_size those of the file?"
                     : ""));
}

}  // namespace lanet
