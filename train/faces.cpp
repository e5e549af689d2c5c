#include "train/faces.h"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <utility>

#include "core/hash.h"
#include "data/corrections.h"
#include "data/landmark_sanity.h"
#include "data/landmarks.h"
#include "data/noise.h"
#include "data/rafdb.h"
#include "data/validation.h"
#include "data/votes.h"

namespace lanet {

namespace {

template <typename T>
void keep_only(std::vector<T>& items, const std::vector<int64_t>& rows, int64_t width = 1) {
  std::vector<T> kept;
  kept.reserve(rows.size() * width);
  for (const int64_t row : rows)
    kept.insert(kept.end(), items.begin() + row * width, items.begin() + (row + 1) * width);
  items = std::move(kept);
}

/// All but the pictures.
void keep_only(Faces& faces, const std::vector<int64_t>& rows) {
  const int64_t num_landmarks = faces.num_landmarks();
  keep_only(faces.list.names, rows);
  keep_only(faces.list.labels, rows);
  if (!faces.list.paths.empty()) keep_only(faces.list.paths, rows);
  keep_only(faces.given, rows);
  keep_only(faces.judged_by, rows);
  if (!faces.votes.empty()) keep_only(faces.votes, rows, faces.list.num_classes());
  if (faces.landmarks.empty()) return;
  keep_only(faces.landmarks, rows, 2 * num_landmarks);
  keep_only(faces.valid, rows);
}

/// The whole numbers below `count` that are not in `some`, which is in ascending order.
std::vector<int64_t> others(int64_t count, std::span<const int64_t> some) {
  std::vector<int64_t> all(count), rest;
  std::iota(all.begin(), all.end(), 0);
  std::set_difference(all.begin(), all.end(), some.begin(), some.end(), std::back_inserter(rest));
  return rest;
}

void drop_bad(Faces& faces, Landmarks& landmarks) {
  std::vector<int64_t> bad;
  for (const BadImage& image : faces.set.bad) bad.push_back(image.index);
  const std::vector<int64_t> good = others(faces.size(), bad);
  keep_only(faces, good);
  if (landmarks.states.empty()) return;
  keep_only(landmarks.points, good, 2 * landmarks.num_landmarks);
  keep_only(landmarks.states, good);
}

/// Puts right what a person has. Labels that were made wrong on purpose are judged by the list all
/// the same; without them the corrections are the better list, for validation faces too.
void correct(const DataConfig& data, const std::function<void(const std::string&)>& message,
             Faces& faces) {
  const int64_t changed =
      apply_corrections(data.corrections, faces.list.names, faces.list.class_names(), faces.given);
  if (!data.noise.planted()) faces.list.labels = faces.judged_by = faces.given;
  message(fmt::format("data.corrections: {}: {} of {} labels changed", data.corrections, changed,
                      faces.size()));
}

/// Landmarks of the decoded pictures.
void take_landmarks(const DataConfig& data, FoundLandmarks found,
                    const std::function<void(const std::string&)>& message, Faces& faces) {
  Landmarks& landmarks = found.landmarks;
  place_landmarks(landmarks, {.coordinates = found.coordinates,
                              .square = data.landmark_size,
                              .sizes = faces.set.sizes,
                              .image_size = static_cast<double>(data.image_size)});
  const std::string line =
      check_landmarks(landmarks, faces.list.names, found.file, data.landmarks_missing);
  if (!line.empty()) message(line);
  if (landmarks.swapped)
    message(fmt::format("{}: left and right are the person's own; they were swapped", found.file));
  faces.valid = landmarks.valid();
  faces.landmarks = std::move(landmarks.points);
  for (const std::string& doubt :
       doubtful_landmarks(faces.landmarks, faces.valid, static_cast<double>(data.image_size),
                          flip_permutation(landmarks.num_landmarks), found.file))
    message(doubt);
}

/// What tells these pictures from others: names, boxes, and size and time of the files, or the
/// pixels where they are in a table.
uint64_t pictures_key(const FaceList& list, int64_t image_size) {
  std::string text = fmt::format("{} {}\n", kPictureDecoder, image_size);
  for (size_t i = 0; i < list.size(); ++i) {
    text += list.names[i];
    if (!list.boxes.empty()) {
      const FaceBox& box = list.boxes[i];
      text += fmt::format("|{} {} {} {}", box.x, box.y, box.width, box.height);
    }
    if (list.pictures.empty()) {
      std::error_code none;
      const auto size = std::filesystem::file_size(list.paths[i], none);
      const auto time = std::filesystem::last_write_time(list.paths[i], none).time_since_epoch();
      text += fmt::format("|{} {}", size, time.count());
    } else {
      const std::vector<uint8_t>& rgb = list.pictures[i].rgb;
      text += fmt::format("|{:x}", fnv1a({reinterpret_cast<const char*>(rgb.data()), rgb.size()}));
    }
    text += "\n";
  }
  return fnv1a(text);
}

}  // namespace

std::vector<int32_t> noisy_labels(const Config& config, const FaceList& list) {
  const NoiseConfig& noise = config.data.noise;
  const auto seed = static_cast<uint64_t>(config.seed);
  if (!noise.rates.empty())
    return add_label_noise(list.labels, list.num_classes(),
                           read_noise_rates(noise.rates, list.class_names()), seed);
  if (noise.rate > 0 && noise.kind == NoiseKind::class_dependent &&
      list.classes != expression_names())
    throw InputError(fmt::format(
        "data.noise.kind: class_dependent; expected symmetric, or data.noise.rates: the kind is "
        "defined for the classes {}, and {} has {}",
        fmt::join(kExpressionNames, ", "), config.data.root, fmt::join(list.classes, ", ")));
  return add_label_noise(list.labels, list.num_classes(), noise.rate,
                         noise.rate > 0 ? noise.kind : NoiseKind::symmetric, seed);
}

FoundLandmarks find_landmarks(const DataConfig& data, const FaceList& list) {
  if (!data.landmarks.empty()) {
    const std::filesystem::path file = std::filesystem::path(data.root) / data.landmarks;
    return {read_landmarks(file, list.names), data.landmark_coordinates, file.string()};
  }
  if (list.landmarks.states.empty())
    throw InputError(fmt::format(
        "data.landmarks: null; expected a landmark file: {} has no landmarks of its own",
        data.root));
  return {list.landmarks,
          list.landmark_shares ? LandmarkCoordinates::share : data.landmark_coordinates, data.root};
}

ChosenFormat choose_format(const DataConfig& data) {
  if (data.format != DataFormat::automatic) return {data.format, ""};
  const auto [format, reason] = recognise_format(data_source(data));
  return {format, fmt::format("data.format: {}: {} ({})", name_of(format), data.root, reason)};
}

DataSet open_data_set(const DataConfig& data) {
  auto [format, message] = choose_format(data);
  return {format, std::move(message), open_data_set(data_source(data), format)};
}

Faces load_faces(Context& context, const Config& config, Split split, bool with_landmarks,
                 const std::function<void(const std::string&)>& message,
                 const DecodeProgress& progress) {
  return load_faces(context, config, open_data_set(config.data), split, with_landmarks, message,
                    progress);
}

Faces load_faces(Context& context, const Config& config, const DataSet& data_set, Split split,
                 bool with_landmarks, const std::function<void(const std::string&)>& message,
                 const DecodeProgress& progress) {
  const DataConfig& data = config.data;
  const DataFormat format = data_set.format;
  Faces faces;
  faces.list = data_set.read(split);
  if (faces.size() == 0) return faces;
  FoundLandmarks found;
  if (with_landmarks) found = find_landmarks(data, faces.list);
  faces.list.landmarks = {};
  faces.votes = std::exchange(faces.list.votes, {});
  if (split != Split::train) faces.votes.clear();
  faces.given = faces.judged_by = faces.list.labels;
  // Before bad pictures are dropped, so that they change no other face's noise.
  if (split == Split::train)
    faces.given = data.noise.file.empty()
                      ? noisy_labels(config, faces.list)
                      : read_noise_csv(data.noise.file, faces.list.names, faces.list.labels,
                                       faces.list.class_names());
  if (split == Split::train && !data.corrections.empty()) correct(data, message, faces);
  if (!data.true_labels.empty()) {
    if (format != DataFormat::rafdb)
      throw InputError(
          fmt::format("data.true_labels: {}; expected null: only data.format rafdb has such a list",
                      data.true_labels));
    auto labels = read_true_labels(data.root, data.true_labels, split, faces.list.names);
    if (!labels.empty()) faces.judged_by = std::move(labels);
  }
  if (split == Split::train && !data.votes.empty())
    faces.votes = read_votes(std::filesystem::path(data.root) / data.votes, faces.list.names,
                             faces.list.class_names());
  faces.set = load_images(
      context, faces.size(),
      [&](int64_t i) { return face_picture(faces.list, static_cast<size_t>(i)); },
      static_cast<int>(data.image_size),
      {.residency = data.residency,
       .cache = data.cache,
       .key = data.cache.empty() ? 0 : pictures_key(faces.list, data.image_size)},
      progress, message);
  std::vector<HostImage>().swap(faces.list.pictures);  // they are in the set now
  faces.list.boxes.clear();
  if (const auto& bad = faces.set.bad; !bad.empty()) {
    if (!data.skip_bad_images)
      throw InputError(
          fmt::format("{}{}; repair it or set data.skip_bad_images=true", bad[0].message,
                      bad.size() > 1 ? fmt::format(" (and {} more)", bad.size() - 1) : ""));
    for (const BadImage& b : bad) message(fmt::format("skipped: {}", b.message));
    message(
        fmt::format("{} of {} {} pictures skipped", bad.size(), faces.size(), to_string(split)));
    drop_bad(faces, found.landmarks);
    if (faces.size() == 0)
      throw InputError(
          fmt::format("{}: no readable {} picture is left", data.root, to_string(split)));
  }
  if (with_landmarks) take_landmarks(data, std::move(found), message, faces);
  if (split == Split::train && data.fold > 0)
    split_off(faces, draw_fold(faces.size(), data.fold - 1, data.folds,
                               static_cast<uint64_t>(config.seed)));
  if (!faces.list.note.empty()) message(faces.list.note);
  return faces;
}

Faces split_off(Faces& faces, std::span<const int32_t> positions) {
  const std::vector<int64_t> moved(positions.begin(), positions.end());
  const std::vector<int64_t> kept = others(faces.size(), moved);
  Faces apart;
  apart.list = faces.list;
  apart.given = faces.given;
  apart.judged_by = faces.judged_by;
  apart.votes = faces.votes;
  apart.landmarks = faces.landmarks;
  apart.valid = faces.valid;
  apart.set = faces.set;
  for (const auto& [part, rows] : {std::pair{&apart, &moved}, std::pair{&faces, &kept}}) {
    keep_only(*part, *rows);
    keep_only(part->set.rows, *rows);
    keep_only(part->set.sizes, *rows);
  }
  return apart;
}

Faces split_off_validation(const Config& config, Faces& train) {
  if (config.data.validation == 0) return {};
  const std::vector<int32_t> drawn =
      draw_validation(train.list.labels, train.list.num_classes(), config.data.validation,
                      static_cast<uint64_t>(config.seed));
  if (drawn.empty())
    throw InputError(
        fmt::format("data.validation: {}; expected a share that holds out at least one of the {} "
                    "training faces of {}",
                    config.data.validation, train.size(), config.data.root));
  Faces validation = split_off(train, drawn);
  validation.given = validation.judged_by = validation.list.labels;
  return validation;
}

}  // namespace lanet
