#include "core/files/safetensors.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "core/files/file.h"
#include "core/files/json_text.h"
#include "core/round_up.h"

namespace lanet {
namespace {

using nlohmann::json;

/// The format's own limit.
constexpr uint64_t kMaxHeaderBytes = 100'000'000;
constexpr const char* kMetadataKey = "__metadata__";

/// How an element type of the format is stored, and as what it is kept.
struct FileType {
  std::string_view name;
  size_t stored_bytes;
  HostDType kept;
};
constexpr FileType kFileTypes[] = {
    {"F32", 4, HostDType::f32}, {"F64", 8, HostDType::f64}, {"BF16", 2, HostDType::bf16},
    {"I64", 8, HostDType::i64}, {"I32", 4, HostDType::i32}, {"U8", 1, HostDType::u8},
    {"F16", 2, HostDType::f32}, {"BOOL", 1, HostDType::u8},
};

std::string_view file_type_name(HostDType dtype) {
  return std::find_if(std::begin(kFileTypes), std::end(kFileTypes),
                      [&](const FileType& type) { return type.kept == dtype; })
      ->name;
}

/// One tensor as the header describes it.
struct Entry {
  std::string name;
  const FileType* type = nullptr;
  std::vector<int64_t> shape;
  uint64_t begin = 0, end = 0;
};

json parse_header(const std::string& file, const std::string& text) {
  constexpr size_t kDeepest = 4;  // a list of a tensor's description needs 3
  json header = parse_json(file + ": the header", text, kDeepest);
  if (!header.is_object())
    throw InputError(fmt::format("{}: the header is not a JSON object", file));
  return header;
}

Entry parse_entry(const std::string& file, const std::string& name, const json& value) {
  auto require = [&](bool condition, std::string_view what) {
    if (!condition)
      throw InputError(fmt::format("{}: tensor '{}': {}", file, printable(name), what));
  };
  auto unsigned_list = [&](const char* key) {
    require(value.contains(key) && value[key].is_array(), fmt::format("no list '{}'", key));
    for (const auto& v : value[key])
      require(v.is_number_unsigned() && v.get<uint64_t>() <= uint64_t{INT64_MAX},
              fmt::format("'{}' holds {}; expected a whole number", key, printable(v.dump())));
    return value[key].get<std::vector<int64_t>>();
  };
  require(value.is_object(), "its entry is not a JSON object");
  require(value.contains("dtype") && value["dtype"].is_string(), "no text 'dtype'");
  const auto type_name = value["dtype"].get<std::string>();
  const auto* type = std::find_if(std::begin(kFileTypes), std::end(kFileTypes),
                                  [&](const FileType& t) { return t.name == type_name; });
  require(type != std::end(kFileTypes),
          fmt::format("dtype '{}'; expected F32, F64, BF16, F16, I64, I32, U8 or BOOL",
                      printable(type_name)));
  Entry entry{name, type, unsigned_list("shape")};
  const auto offsets = unsigned_list("data_offsets");
  require(offsets.size() == 2 && offsets[0] <= offsets[1],
          "'data_offsets' is not a begin and an end");
  entry.begin = static_cast<uint64_t>(offsets[0]);
  entry.end = static_cast<uint64_t>(offsets[1]);
  require(
      entry.shape.size() <= HostArray::kMaxRank,
      fmt::format("{} dimensions; at most {} are read", entry.shape.size(), HostArray::kMaxRank));
  int64_t bytes = 0;
  require(bytes_of(entry.shape, type->stored_bytes, bytes) &&
              static_cast<uint64_t>(bytes) == entry.end - entry.begin,
          fmt::format("{} of shape {} does not take {} bytes", type->name, to_string(entry.shape),
                      entry.end - entry.begin));
  return entry;
}

/// What the file's bytes mean in the type that is kept.
HostArray keep(const Entry& entry, std::vector<std::byte> stored) {
  HostArray array;
  array.shape = entry.shape;
  array.dtype = entry.type->kept;
  if (entry.type->name == "F16") {
    array.bytes.resize(2 * stored.size());
    for (size_t i = 0; i < stored.size() / 2; ++i) {
      uint16_t half = 0;
      std::memcpy(&half, stored.data() + 2 * i, 2);
      const float value = half_to_float(half);
      std::memcpy(array.bytes.data() + 4 * i, &value, 4);
    }
  } else {
    array.bytes = std::move(stored);
  }
  return array;
}

}  // namespace

NamedArrays read_safetensors(const std::filesystem::path& path) {
  const std::string file = path.string();
  InputFile input(path);
  uint8_t length_bytes[8];
  input.read(length_bytes, 8, "the header's length");
  uint64_t length = 0;
  for (int i = 0; i < 8; ++i) length |= uint64_t{length_bytes[i]} << (8 * i);
  if (length > kMaxHeaderBytes || length > input.remaining())
    throw InputError(fmt::format(
        "{}: not a safetensors file, or cut off: a header of {} bytes in a file of {} bytes", file,
        length, input.size()));
  std::string text(length, '\0');
  input.read(text.data(), length, "the header");

  const json header = parse_header(file, text);
  NamedArrays content;
  std::vector<Entry> entries;
  for (const auto& [name, value] : header.items()) {
    if (name != kMetadataKey) {
      entries.push_back(parse_entry(file, name, value));
      continue;
    }
    if (!value.is_object())
      throw InputError(fmt::format("{}: {} is not a JSON object", file, kMetadataKey));
    for (const auto& [key, word] : value.items()) {
      if (!word.is_string())
        throw InputError(fmt::format("{}: {} '{}' is {}; expected text", file, kMetadataKey,
                                     printable(key), word.type_name()));
      content.metadata[key] = word.get<std::string>();
    }
  }

  // Each tensor begins where the one before ended, and the last one ends the file: so none
  // overlaps, none lies outside, nothing is hidden between.
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  uint64_t position = 0;
  for (const Entry& entry : entries) {
    if (entry.begin != position)
      throw InputError(fmt::format("{}: tensor '{}' begins at byte {} of the data; expected {}",
                                   file, printable(entry.name), entry.begin, position));
    if (entry.end - entry.begin > input.remaining())
      throw InputError(fmt::format("{}: tensor '{}' is cut off: {} bytes expected, {} left", file,
                                   printable(entry.name), entry.end - entry.begin,
                                   input.remaining()));
    std::vector<std::byte> stored(entry.end - entry.begin);
    input.read(stored.data(), stored.size(), entry.name);
    content.arrays[entry.name] = keep(entry, std::move(stored));
    position = entry.end;
  }
  if (input.remaining() > 0)
    throw InputError(fmt::format("{}: {} bytes after the last tensor", file, input.remaining()));
  return content;
}

void write_safetensors(const std::filesystem::path& path, const NamedArrays& content) {
  std::vector<const std::pair<const std::string, HostArray>*> order;
  for (const auto& named : content.arrays) order.push_back(&named);
  std::stable_sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
    return size_of(a->second.dtype) > size_of(b->second.dtype);
  });

  auto header = nlohmann::ordered_json::object();
  if (!content.metadata.empty()) header[kMetadataKey] = content.metadata;
  uint64_t position = 0;
  for (const auto* named : order) {
    const auto& [name, array] = *named;
    int64_t bytes = 0;
    LANET_REQUIRE(name != kMetadataKey, "a tensor named {}", name);
    LANET_REQUIRE(bytes_of(array.shape, size_of(array.dtype), bytes) &&
                      static_cast<size_t>(bytes) == array.bytes.size(),
                  "tensor '{}': {} of shape {} with {} bytes", name, to_string(array.dtype),
                  to_string(array.shape), array.bytes.size());
    header[name] = {{"dtype", file_type_name(array.dtype)},
                    {"shape", array.shape},
                    {"data_offsets", {position, position + array.bytes.size()}}};
    position += array.bytes.size();
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const json::exception& error) {
    throw Error(
        fmt::format("{}: a name or metadata is not UTF-8: {}", path.string(), error.what()));
  }
  text.resize(round_up(text.size(), 8), ' ');

  AtomicFile file(path);
  uint8_t length_bytes[8];
  for (int i = 0; i < 8; ++i) length_bytes[i] = static_cast<uint8_t>(text.size() >> (8 * i));
  file.write(length_bytes, 8);
  file.write(text);
  for (const auto* named : order)
    file.write(named->second.bytes.data(), named->second.bytes.size());
  file.commit();
}

}  // namespace lanet
