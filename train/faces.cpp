#include "train/faces.h"

#include "core/hash.h"
#include "data/landmarks.h"

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

void drop_bad(Faces& faces) {
  std::vector<int64_t> good;
  size_t next_bad = 0;
  for (int64_t i = 0; i < faces.size(); ++i) {
    if (next_bad < faces.set.bad.size() && faces.set.bad[next_bad].index == i)
      ++next_bad;
    else
      good.push_back(i);
  }
  keep_only(faces.list.names, good);
  keep_only(faces.list.labels, good);
  keep_only(faces.list.paths, good);
  if (faces.landmarks.empty()) return;
  keep_only(faces.landmarks, good, 2 * kNumLandmarks);
  keep_only(faces.valid, good);
}

template <typename T>
uint64_t hash_of(const std::vector<T>& values) {
  return fnv1a({reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)});
}

}  // namespace

std::string digest(Context& context, const Faces& faces) {
  const Shape& shape = faces.set.images.shape;
  const size_t bytes = faces.set.images.bytes() / std::max<int64_t>(1, shape[0]);
  std::vector<uint64_t> pictures(shape[0]);
  std::vector<char> host(bytes);
  for (int64_t i = 0; i < shape[0]; ++i) {
    Tensor picture = faces.set.images;
    picture.data = static_cast<char*>(picture.data) + i * bytes;
    picture.shape = {shape[1], shape[2], shape[3]};
    context.copy({host.data(), picture.shape, DType::u8, Device::cpu}, picture);
    context.synchronize();
    pictures[i] = fnv1a({host.data(), bytes});
  }
  std::string names;
  for (const std::string& name : faces.list.names) names += name + "\n";
  return fmt::format("{:016x} {:016x} {:016x} {:016x} {:016x}", hash_of(pictures), fnv1a(names),
                     hash_of(faces.list.labels), hash_of(faces.landmarks), hash_of(faces.valid));
}

Faces load_faces(Context& context, const Config& config, Split split, bool with_landmarks,
                 const std::function<void(const std::string&)>& message,
                 const DecodeProgress& progress) {
  const DataConfig& data = config.data;
  Faces faces;
  faces.list = read_face_list(data.root, data.labels, split);
  if (with_landmarks) {
    Landmarks landmarks = read_landmarks(
        std::filesystem::path(data.root) / data.landmarks, faces.list.names,
        {.image_size = static_cast<int>(data.image_size), .coordinate_size = data.landmark_size});
    faces.landmarks = std::move(landmarks.points);
    faces.valid = std::move(landmarks.valid);
  }
  std::vector<std::string> paths;
  for (const auto& path : faces.list.paths) paths.push_back(path.string());
  faces.set = decode_images(context, paths, static_cast<int>(data.image_size), progress);
  if (const auto& bad = faces.set.bad; !bad.empty()) {
    if (!data.skip_bad_images)
      throw InputError(
          fmt::format("{}{}; mend it or set data.skip_bad_images=true", bad[0].message,
                      bad.size() > 1 ? fmt::format(" (and {} more)", bad.size() - 1) : ""));
    for (const BadImage& b : bad) message(fmt::format("skipped: {}", b.message));
    message(
        fmt::format("{} of {} {} pictures skipped", bad.size(), paths.size(), to_string(split)));
    drop_bad(faces);
    if (faces.size() == 0)
      throw InputError(
          fmt::format("{}: no readable {} picture is left", data.root, to_string(split)));
  }
  return faces;
}

}  // namespace lanet
