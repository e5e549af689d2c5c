#include "train/data_report.h"

#include <algorithm>
#include <map>

#include "core/error.h"
#include "data/contact_sheet.h"
#include "data/expressions.h"
#include "data/landmark_sanity.h"
#include "data/validation.h"

namespace lanet {

using nlohmann::ordered_json;

namespace {

/// The number of faces in this split.
size_t add_split(const SplitReader& read, Split split, DataFaces& faces) {
  FaceList list;
  try {
    list = read(split);
  } catch (const InputError& error) {
    faces.problems.emplace_back(error.what());
    return 0;
  }
  const size_t count = list.size();
  if (count == 0) return 0;
  if (!list.note.empty()) faces.notes.push_back(list.note);
  faces.groups.resize(faces.groups.size() + count, static_cast<int>(faces.splits.size()));
  faces.splits.emplace_back(to_string(split));
  if (faces.list.size() == 0)
    faces.list = std::move(list);
  else
    append(faces.list, std::move(list));
  return count;
}

/// The share data.validation of the training faces, which come first.
void add_validation_share(const Config& config, const FaceList& train, DataFaces& faces) {
  for (const int32_t face :
       draw_validation(train.labels, train.num_classes(), config.data.validation,
                       static_cast<uint64_t>(config.seed)))
    faces.groups[face] = static_cast<int>(faces.splits.size());
  faces.splits.emplace_back(to_string(Split::validation));
}

ordered_json face_json(const DataFaces& faces, int64_t face) {
  return {{"face", faces.list.names[face]},
          {"split", faces.splits[faces.groups[face]]},
          {"label", faces.list.classes[faces.list.labels[face]]}};
}

ordered_json splits_json(const DataFaces& faces, std::span<const PictureFacts> facts) {
  ordered_json splits = ordered_json::array();
  for (size_t group = 0; group < faces.splits.size(); ++group) {
    std::map<std::pair<int, int>, int64_t> sizes;
    std::vector<int64_t> counts(faces.list.classes.size());
    int64_t total = 0;
    for (size_t i = 0; i < facts.size(); ++i) {
      if (faces.groups[i] != static_cast<int>(group)) continue;
      ++total;
      ++counts[faces.list.labels[i]];
      if (facts[i].readable()) ++sizes[{facts[i].width, facts[i].height}];
    }
    ordered_json classes, size_list = ordered_json::array();
    for (size_t c = 0; c < counts.size(); ++c) classes[faces.list.classes[c]] = counts[c];
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

ordered_json landmarks_json(const Config& config, const DataFaces& faces,
                            std::span<const PictureFacts> facts) {
  const Landmarks& landmarks = faces.landmarks.landmarks;
  if (landmarks.states.empty()) return nullptr;
  std::vector<int64_t> missing;
  std::vector<uint8_t> looked_at;  // faces with landmarks, where the picture gives them a place
  for (size_t i = 0; i < landmarks.states.size(); ++i) {
    const LandmarkState state = landmarks.states[i];
    const bool present = state == LandmarkState::good || state == LandmarkState::outside;
    if (!present) missing.push_back(static_cast<int64_t>(i));
    looked_at.push_back(present && facts[i].readable());
  }
  const LandmarkSanity sanity =
      landmark_sanity(landmarks.points, looked_at, static_cast<double>(config.data.image_size),
                      flip_permutation(landmarks.num_landmarks));
  auto names = [&](const std::vector<int64_t>& list) {
    ordered_json all = ordered_json::array();
    for (const int64_t face : list) all.push_back(faces.list.names[face]);
    return all;
  };
  return {{"faces", landmarks.states.size()},     {"missing", names(missing)},
          {"outside", names(sanity.outside)},     {"mirrored", names(sanity.mirrored)},
          {"identical", names(sanity.identical)}, {"spread", names(sanity.spread)}};
}

/// The class whose name the picture's folder has; empty if it has none.
std::string folder_class(const FaceList& list, size_t face) {
  if (list.paths.empty()) return "";
  const std::string folder = list.paths[face].parent_path().filename().string();
  const std::string name(known_expression(folder).value_or(folder));
  const auto found = std::find(list.classes.begin(), list.classes.end(), name);
  return found == list.classes.end() ? "" : name;
}

}  // namespace

DataFaces list_data(const Config& config) {
  DataFaces faces;
  const auto [format, message] = choose_format(config.data);
  faces.format = message.empty() ? fmt::format("data.format: {}", name_of(format)) : message;
  DataSource source = data_source(config.data);
  source.require_pictures = false;
  const SplitReader read = open_data_set(source, format);
  const size_t trained = add_split(read, Split::train, faces);
  const FaceList train = faces.list;
  const size_t validated = add_split(read, Split::validation, faces);
  add_split(read, Split::test, faces);
  if (faces.list.size() == 0) throw InputError(faces.problems.front());
  const std::span<const int32_t> labels = faces.list.labels;
  for (std::string& line : one_sided_classes(faces.list.classes, labels.first(trained),
                                             labels.subspan(trained + validated)))
    faces.problems.push_back(std::move(line));
  if (trained == 0) return faces;
  if (config.data.validation > 0 && validated == 0) add_validation_share(config, train, faces);
  if (config.data.landmarks.empty() && train.landmarks.states.empty()) return faces;
  try {
    faces.landmarks = find_landmarks(config.data, train);
  } catch (const InputError& error) {
    faces.problems.emplace_back(error.what());
  }
  return faces;
}

void place_landmarks(const Config& config, std::span<const PictureFacts> facts, DataFaces& faces) {
  const auto side = static_cast<int>(config.data.image_size);
  Landmarks& landmarks = faces.landmarks.landmarks;
  std::vector<PictureSize> sizes;  // an unreadable picture's does not matter
  for (size_t i = 0; i < landmarks.states.size(); ++i)
    sizes.push_back(facts[i].readable() ? PictureSize{facts[i].width, facts[i].height}
                                        : PictureSize{side, side});
  place_landmarks(landmarks, {.coordinates = faces.landmarks.coordinates,
                              .square = config.data.landmark_size,
                              .sizes = sizes,
                              .image_size = static_cast<double>(side)});
  if (landmarks.states.empty()) return;
  const std::string& file = faces.landmarks.file;
  try {
    const std::span<const std::string> names = faces.list.names;
    check_landmarks(landmarks, names.first(landmarks.states.size()), file,
                    config.data.landmarks_missing);
  } catch (const InputError& error) {
    faces.problems.emplace_back(error.what());
  }
  for (std::string& doubt :
       doubtful_landmarks(landmarks.points, landmarks.valid(), static_cast<double>(side),
                          flip_permutation(landmarks.num_landmarks), file))
    faces.problems.push_back(std::move(doubt));
}

ordered_json data_report(const Config& config, const DataFaces& faces,
                         std::span<const PictureFacts> facts, int threads,
                         const DecodeProgress& progress) {
  LANET_REQUIRE(facts.size() == faces.list.names.size(), "facts of {} of {} faces", facts.size(),
                faces.list.names.size());
  ordered_json unreadable = ordered_json::array(), blank = unreadable, folders = unreadable,
               duplicates = unreadable;
  for (size_t i = 0; i < facts.size(); ++i) {
    ordered_json face = face_json(faces, static_cast<int64_t>(i));
    const std::string folder = folder_class(faces.list, i);
    if (!folder.empty() && folder != face["label"]) {
      folders.push_back(face);
      folders.back()["folder"] = folder;
    }
    if (facts[i].blank()) blank.push_back(face);
    if (facts[i].readable()) continue;
    face["problem"] = facts[i].problem;
    unreadable.push_back(face);
  }
  for (const Duplicate& pair : find_duplicates(facts, faces.groups, threads, progress))
    duplicates.push_back({{"a", face_json(faces, pair.first)},
                          {"b", face_json(faces, pair.second)},
                          {"exact", pair.exact},
                          {"mirrored", pair.mirrored},
                          {"bits", pair.bits}});
  return {{"root", config.data.root},
          {"format", faces.format},
          {"classes", faces.list.classes},
          {"notes", faces.notes},
          {"problems", faces.problems},
          {"splits", splits_json(faces, facts)},
          {"unreadable", unreadable},
          {"blank", blank},
          {"folder_disagrees", folders},
          {"duplicates", duplicates},
          {"landmarks", landmarks_json(config, faces, facts)}};
}

HostImage data_contact_sheet(const Config& config, const DataFaces& faces,
                             std::span<const PictureFacts> facts) {
  constexpr int kColumns = 10, kSide = 112;
  ContactSheet sheet(kColumns, static_cast<int>(faces.list.classes.size()), kSide,
                     faces.list.classes);
  std::vector<int> shown(faces.list.classes.size());
  const Landmarks& landmarks = faces.landmarks.landmarks;
  const size_t width = 2 * static_cast<size_t>(landmarks.num_landmarks);
  for (size_t i = 0; i < facts.size(); ++i) {
    const int32_t row = faces.list.labels[i];
    if (shown[row] == kColumns || !facts[i].readable()) continue;
    const int column = shown[row]++;
    sheet.put(column, row, resize_image(face_picture(faces.list, i), kSide));
    if (i >= landmarks.states.size() || landmarks.states[i] != LandmarkState::good) continue;
    std::vector<float> points(width);
    for (size_t k = 0; k < width; ++k)
      points[k] =
          landmarks.points[i * width + k] * kSide / static_cast<float>(config.data.image_size);
    sheet.mark(column, row, points);
  }
  return sheet.image();
}

}  // namespace lanet
