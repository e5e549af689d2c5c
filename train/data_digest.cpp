#include "train/data_digest.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/files/file.h"
#include "core/xxh64.h"

namespace lanet {

namespace {

std::string text_of(uint64_t digest) {
  return fmt::format("{:016x}", digest);
}

template <typename T>
uint64_t digest_of(const std::vector<T>& values, uint64_t seed = 0) {
  return xxh64(values.data(), values.size() * sizeof(T), seed);
}

}  // namespace

nlohmann::ordered_json digest(Context& context, const Faces& faces) {
  uint64_t pictures = 0;
  std::vector<char> host;
  for (int64_t i = 0; i < faces.size(); ++i) {
    const Tensor one = faces.set.picture(i);
    host.resize(one.bytes());
    context.copy({host.data(), one.shape, DType::u8, Device::cpu}, one);
    context.synchronize();
    pictures = digest_of(host, pictures);
  }
  std::string names;
  for (const std::string& name : faces.list.names) names += name + "\n";
  return {{"faces", faces.size()},
          {"names", text_of(xxh64(names.data(), names.size()))},
          {"pictures", text_of(pictures)},
          {"labels", text_of(digest_of(faces.list.labels))},
          {"true_labels", text_of(digest_of(faces.judged_by))},
          {"votes", text_of(digest_of(faces.votes))},
          {"landmarks", text_of(digest_of(faces.valid, digest_of(faces.landmarks)))}};
}

nlohmann::ordered_json read_data_digests(const std::filesystem::path& file) {
  auto digests =
      nlohmann::ordered_json::parse(read_text(file), nullptr, /*allow_exceptions=*/false);
  if (!digests.is_object() || !digests.contains("training") || !digests.contains("test"))
    throw InputError(
        fmt::format("{}: not what a run writes; expected digests of its data", file.string()));
  return digests;
}

void require_same_data(const nlohmann::ordered_json& now, const nlohmann::ordered_json& then,
                       const std::string& set, const std::string& root, const std::string& file) {
  if (now == then) return;
  std::vector<std::string> changed;
  for (const auto& [key, value] : now.items())
    if (!then.is_object() || !then.contains(key) || then[key] != value) {
      std::string words = key;
      std::replace(words.begin(), words.end(), '_', ' ');
      changed.push_back(words);
    }
  throw InputError(
      fmt::format("{}: {} of the {} are not those that the run was started with ({}); expected the "
                  "same data",
                  root, fmt::join(changed, ", "), set, file));
}

}  // namespace lanet
