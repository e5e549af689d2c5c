#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/files/document.h"
#include "core/files/json_text.h"
#include "data/landmark_files.h"
#include "data/picture_index.h"

namespace lanet {
namespace {

using nlohmann::json;
using Face = std::vector<float>;  // [P, 2]

class JsonLandmarks {
 public:
  explicit JsonLandmarks(const std::filesystem::path& path) : file_(path.string()) {
    constexpr size_t kDeepest = 16;  // named points in a list of detections need 5
    const json document = parse_json(file_, read_document(path), kDeepest);
    if (!document.is_object())
      throw InputError(fmt::format("{}: expected an object with a member for each picture", file_));
    for (const auto& [name, value] : document.items()) {
      pictures_.push_back(name);
      faces_.emplace_back();
      collect(value, name, faces_.back());
    }
  }

  Landmarks read(std::span<const std::string> names) const {
    PictureIndex index(names);
    for (size_t i = 0; i < pictures_.size(); ++i) index.add(pictures_[i], i);
    LandmarkRows rows(file_, points_ == 0 ? kNumLandmarks : points_);
    for (const std::string& name : names) {
      const std::vector<size_t> found = index.find(name);
      if (found.empty()) {
        rows.add(LandmarkState::no_row);
        continue;
      }
      const std::vector<Face>& faces = faces_[found[0]];
      if (faces.size() == 1)
        rows.add(faces[0]);
      else
        rows.add(faces.empty() ? LandmarkState::not_found : LandmarkState::several);
    }
    return std::move(rows).take();
  }

 private:
  [[noreturn]] void refuse(const std::string& picture, const std::string& what) const {
    throw InputError(fmt::format("{}: {}: {}", file_, printable(picture), what));
  }

  /// Adds the faces that a picture's value holds.
  void collect(const json& value, const std::string& picture, std::vector<Face>& faces) {
    if (value.is_null() || (value.is_structured() && value.empty())) return;
    if (value.is_array()) {
      const bool is_face = value[0].is_number() ||
                           (value[0].is_array() && !value[0].empty() && value[0][0].is_number());
      if (is_face) return add(points_of(value, picture), picture, faces);
      for (const json& face : value) collect(face, picture, faces);
      return;
    }
    if (!value.is_object()) refuse(picture, "expected landmarks [[x, y], …], or null");
    for (const char* key : {"landmarks", "keypoints", "points"})
      if (const auto found = value.find(key); found != value.end())
        return collect(*found, picture, faces);
    if (value.contains(kLandmarkNames[0]))
      return add(named_points(value, kLandmarkNames, picture), picture, faces);
    if (value.contains(kFewLandmarkNames[0]))
      return add(named_points(value, kFewLandmarkNames, picture), picture, faces);
    for (const auto& [key, face] : value.items()) {  // face_1, face_2, …
      if (!face.is_structured())
        refuse(picture, fmt::format("'{}' is neither a face nor landmarks", printable(key)));
      collect(face, picture, faces);
    }
  }

  void add(Face face, const std::string& picture, std::vector<Face>& faces) {
    const auto count = static_cast<int64_t>(face.size() / 2);
    if (points_ == 0) points_ = count;
    if (count != points_)
      refuse(picture, fmt::format("{} landmark{}; the first face has {}", count,
                                  count == 1 ? "" : "s", points_));
    faces.push_back(std::move(face));
  }

  template <typename Names>
  Face named_points(const json& value, const Names& names, const std::string& picture) const {
    Face face;
    for (const std::string_view name : names) {
      if (!value.contains(name)) refuse(picture, fmt::format("there is no point '{}'", name));
      append(value[std::string(name)], picture, face);
    }
    return face;
  }

  Face points_of(const json& value, const std::string& picture) const {
    Face face;
    if (value[0].is_number()) {
      for (const json& number : value) face.push_back(coordinate(number, picture));
      if (face.size() % 2 != 0)
        refuse(picture, fmt::format("{} number{}; expected x and y of each landmark", face.size(),
                                    face.size() == 1 ? "" : "s"));
    } else {
      for (const json& point : value) append(point, picture, face);
    }
    return face;
  }

  /// [x, y]; more, such as a depth, is ignored.
  void append(const json& point, const std::string& picture, Face& face) const {
    if (!point.is_array() || point.size() < 2) refuse(picture, "expected a landmark [x, y]");
    face.push_back(coordinate(point[0], picture));
    face.push_back(coordinate(point[1], picture));
  }

  float coordinate(const json& value, const std::string& picture) const {
    if (!value.is_number() || !is_coordinate(value.get<double>()))
      refuse(picture, fmt::format("{}; expected a coordinate", printable(value.dump())));
    return value.get<float>();
  }

  std::string file_;
  std::vector<std::string> pictures_;
  std::vector<std::vector<Face>> faces_;  // of each picture
  int64_t points_ = 0;                    // P, once a face is known
};

}  // namespace

Landmarks read_json_landmarks(const std::filesystem::path& path,
                              std::span<const std::string> names) {
  return JsonLandmarks(path).read(names);
}

}  // namespace lanet
