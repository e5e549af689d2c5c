#include "train/data_report.h"

#include <algorithm>
#include <cctype>
#include <map>

#include "core/error.h"
#include "data/contact_sheet.h"
#include "data/landmark_sanity.h"
#include "data/validation.h"
#include "kernels/augment.h"

namespace lanet {

using nlohmann::ordered_json;

namespace {

void add_split(const Config& config, Split split, DataFaces& faces) {
  FaceList list;
  try {
    list = read_face_list(config.data.root, config.data.labels, split);
  } catch (const InputError& error) {
    faces.problems.emplace_back(error.what());
    return;
  }
  const int group = static_cast<int>(faces.splits.size());
  faces.splits.emplace_back(to_string(split));
  faces.names.insert(faces.names.end(), list.names.begin(), list.names.end());
  faces.labels.insert(faces.labels.end(), list.labels.begin(), list.labels.end());
  for (const auto& path : list.paths) faces.paths.push_back(path.string());
  faces.groups.resize(faces.names.size(), group);
  if (split == Split::test) return;

  if (config.data.validation > 0) {
    faces.splits.emplace_back("validation");
    for (const int32_t face : draw_validation(list.labels, kNumExpressions, config.data.validation,
                                              static_cast<uint64_t>(config.seed)))
      faces.groups[face] = group + 1;
  }
  if (config.data.landmarks.empty()) return;
  try {
    faces.landmarks =
        read_landmarks(std::filesystem::path(config.data.root) / config.data.landmarks, list.names);
  } catch (const InputError& error) {
    faces.problems.emplace_back(error.what());
  }
}

ordered_json face_json(const DataFaces& faces, int64_t face) {
  return {{"face", faces.names[face]},
          {"split", faces.splits[faces.groups[face]]},
          {"label", kExpressionNames[faces.labels[face]]}};
}

ordered_json splits_json(const DataFaces& faces, std::span<const PictureFacts> facts) {
  ordered_json splits = ordered_json::array();
  for (size_t group = 0; group < faces.splits.size(); ++group) {
    std::map<std::pair<int, int>, int64_t> sizes;
    std::array<int64_t, kNumExpressions> counts{};
    int64_t total = 0;
    for (size_t i = 0; i < facts.size(); ++i) {
      if (faces.groups[i] != static_cast<int>(group)) continue;
      ++total;
      ++counts[faces.labels[i]];
      if (facts[i].readable()) ++sizes[{facts[i].width, facts[i].height}];
    }
    ordered_json classes, size_list = ordered_json::array();
    for (size_t c = 0; c < counts.size(); ++c)
      classes[std::string(kExpressionNames[c])] = counts[c];
    std::vector<std::pair<std::pair<int, int>, int64_t>> by_count(sizes.begin(), sizes.end());
    std::stable_sort(by_count.begin(), by_count.end(),
                     [](const auto& a, const auto& b) { return a.second > b.second; });
    for (const auto& [size, count] : by_count)
      size_list.push_back({{"width", size.first}, {"height", size.second}, {"faces", count}});
    splits.push_back({{"split", faces.splits[group]},
                      {"faces", total},
                      {"classes", classes},
                      {"sizes", size_list}});
  }
  return splits;
}

ordered_json landmarks_json(const Config& config, const DataFaces& faces) {
  const Landmarks& landmarks = faces.landmarks;
  if (landmarks.states.empty()) return nullptr;
  std::vector<uint8_t> present;
  for (const LandmarkState state : landmarks.states)
    present.push_back(state == LandmarkState::good || state == LandmarkState::outside);
  const LandmarkSanity sanity =
      landmark_sanity(landmarks.points, present, static_cast<double>(config.data.image_size),
                      flip_permutation(landmarks.num_landmarks));
  auto names = [&](const std::vector<int64_t>& list) {
    ordered_json all = ordered_json::array();
    for (const int64_t face : list) all.push_back(faces.names[face]);
    return all;
  };
  return {{"faces", landmarks.states.size()},     {"missing", names(sanity.missing)},
          {"outside", names(sanity.outside)},     {"mirrored", names(sanity.mirrored)},
          {"identical", names(sanity.identical)}, {"spread", names(sanity.spread)}};
}

/// The class whose name the picture's folder has; empty if it has none.
std::string folder_class(const std::string& path) {
  std::string folder = std::filesystem::path(path).parent_path().filename().string();
  for (char& c : folder) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const auto found = std::find(kExpressionNames.begin(), kExpressionNames.end(), folder);
  return found == kExpressionNames.end() ? "" : folder;
}

}  // namespace

DataFaces list_data(const Config& config) {
  DataFaces faces;
  add_split(config, Split::train, faces);
  add_split(config, Split::test, faces);
  if (faces.names.empty()) throw InputError(faces.problems.front());
  return faces;
}

void place_landmarks(const Config& config, std::span<const PictureFacts> facts, DataFaces& faces) {
  const auto side = static_cast<int>(config.data.image_size);
  std::vector<PictureSize> sizes;  // an unreadable picture's does not matter
  for (size_t i = 0; i < faces.landmarks.states.size(); ++i)
    sizes.push_back(facts[i].readable() ? PictureSize{facts[i].width, facts[i].height}
                                        : PictureSize{side, side});
  place_landmarks(faces.landmarks, {.coordinates = config.data.landmark_coordinates,
                                    .square = config.data.landmark_size,
                                    .sizes = sizes,
                                    .image_size = static_cast<double>(side)});
}

ordered_json data_report(const Config& config, const DataFaces& faces,
                         std::span<const PictureFacts> facts, int threads) {
  LANET_REQUIRE(facts.size() == faces.names.size(), "facts of {} of {} faces", facts.size(),
                faces.names.size());
  ordered_json unreadable = ordered_json::array(), blank = unreadable, folders = unreadable,
               duplicates = unreadable;
  for (size_t i = 0; i < facts.size(); ++i) {
    ordered_json face = face_json(faces, static_cast<int64_t>(i));
    const std::string folder = folder_class(faces.paths[i]);
    if (!folder.empty() && folder != face["label"]) {
      folders.push_back(face);
      folders.back()["folder"] = folder;
    }
    if (facts[i].blank()) blank.push_back(face);
    if (facts[i].readable()) continue;
    face["problem"] = facts[i].problem;
    unreadable.push_back(face);
  }
  for (const Duplicate& pair : find_duplicates(facts, faces.groups, threads))
    duplicates.push_back({{"a", face_json(faces, pair.first)},
                          {"b", face_json(faces, pair.second)},
                          {"exact", pair.exact},
                          {"mirrored", pair.mirrored},
                          {"bits", pair.bits}});
  return {{"root", config.data.root},
          {"classes", kExpressionNames},
          {"problems", faces.problems},
          {"splits", splits_json(faces, facts)},
          {"unreadable", unreadable},
          {"blank", blank},
          {"folder_disagrees", folders},
          {"duplicates", duplicates},
          {"landmarks", landmarks_json(config, faces)}};
}

HostImage data_contact_sheet(const Config& config, const DataFaces& faces,
                             std::span<const PictureFacts> facts) {
  constexpr int kColumns = 10, kSide = 112;
  ContactSheet sheet(kColumns, kNumExpressions, kSide);
  std::array<int, kNumExpressions> shown{};
  const size_t width = 2 * static_cast<size_t>(faces.landmarks.num_landmarks);
  for (size_t i = 0; i < facts.size(); ++i) {
    const int32_t row = faces.labels[i];
    if (shown[row] == kColumns || !facts[i].readable()) continue;
    const int column = shown[row]++;
    sheet.put(column, row, resize_image(decode_image(faces.paths[i]), kSide));
    if (i >= faces.landmarks.states.size() || faces.landmarks.states[i] != LandmarkState::good)
      continue;
    std::vector<float> points(width);
    for (size_t k = 0; k < width; ++k)
      points[k] = faces.landmarks.points[i * width + k] * kSide /
                  static_cast<float>(config.data.image_size);
    sheet.mark(column, row, points);
  }
  return sheet.image();
}

}  // namespace lanet
