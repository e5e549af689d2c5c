#include "core/files/safetensors.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <span>

#include "core/files/file.h"
#include "core/files/json_text.h"
#include "core/round_up.h"
#include "core/xxh64.h"

namespace lanet {
namespace {

using nlohmann::json;

/// The format's own limit.
constexpr uint64_t kMaxHeaderBytes = 100'000'000;
constexpr const char* kMetadataKey = "__metadata__";
constexpr const char* kChecksums = "lanet.checksums";
constexpr size_t kDigits = 16;  // of a checksum

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

std::string digits_of(uint64_t checksum) {
  return fmt::format("{:0{}x}", checksum, kDigits);
}

/// The checksums that a file holds of itself.
class Checksums {
 public:
  /// `text`: the header; `all`: the metadata's checksums; `tensors`: how many there are. InputError
  /// unless the header is the one that was written.
  Checksums(std::string file, std::string text, std::string all, size_t tensors)
      : file_(std::move(file)), all_(std::move(all)) {
    const size_t place = all_.empty() ? std::string::npos : text.find(all_);
    const bool right = place != std::string::npos && all_.size() == kDigits * (tensors + 1);
    if (right) std::fill_n(text.begin() + static_cast<std::ptrdiff_t>(place), all_.size(), '0');
    if (!right || digits_of(xxh64(text.data(), text.size())) != all_.substr(0, kDigits))
      throw InputError(fmt::format(
          "{}: damaged: the header does not have the checksum it was written with", file_));
  }
  /// InputError unless tensor `number` of the file is the one that was written.
  void check(size_t number, const std::string& name, std::span<const std::byte> bytes) const {
    if (all_.compare(kDigits * (number + 1), kDigits, digits_of(xxh64(bytes.data(), bytes.size()))))
      throw InputError(fmt::format("{}: damaged: {} does not have the checksum it was written with",
                                   file_, printable(name)));
  }

 private:
  std::string file_, all_;
};

/// The header of a file as it is written: all but its first 8 bytes.
struct Header {
  std::string text;
  size_t checksums = 0;  ///< where they stand in it, now zeros
  std::vector<const std::pair<const std::string, TensorSource>*> order;  ///< of the tensors
  uint64_t data_bytes = 0;
};

Header header_of(const std::filesystem::path& path, const TensorSources& content) {
  Header header;
  for (const auto& named : content.arrays) header.order.push_back(&named);
  std::stable_sort(header.order.begin(), header.order.end(), [](const auto* a, const auto* b) {
    return size_of(a->second.dtype) > size_of(b->second.dtype);
  });
  const std::string zeros(kDigits * (header.order.size() + 1), '0');
  auto fields = nlohmann::ordered_json::object();
  fields[kMetadataKey] = {{kChecksums, zeros}};  // first, so that its zeros are the first
  for (const auto& [key, text] : content.metadata) fields[kMetadataKey][key] = text;
  for (const auto* named : header.order) {
    const auto& [name, source] = *named;
    int64_t bytes = 0;
    LANET_REQUIRE(name != kMetadataKey, "a tensor named {}", name);
    LANET_REQUIRE(bytes_of(source.shape, size_of(source.dtype), bytes), "tensor '{}': shape {}",
                  name, to_string(source.shape));
    fields[name] = {{"dtype", file_type_name(source.dtype)},
                    {"shape", source.shape},
                    {"data_offsets", {header.data_bytes, header.data_bytes + bytes}}};
    header.data_bytes += static_cast<uint64_t>(bytes);
  }
  try {
    header.text = fields.dump();
  } catch (const json::exception& error) {
    throw Error(
        fmt::format("{}: a name or metadata is not UTF-8: {}", path.string(), error.what()));
  }
  header.text.resize(round_up(header.text.size(), 8), ' ');
  header.checksums = header.text.find(zeros);
  return header;
}

}  // namespace

NamedArrays read_safetensors(const std::filesystem::path& path,
                             const std::function<bool(const std::string&)>& wanted) {
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
  std::optional<Checksums> checksums;
  if (const auto own = content.metadata.extract(kChecksums); !own.empty())
    checksums.emplace(file, std::move(text), own.mapped(), entries.size());
  uint64_t position = 0;
  for (const Entry& entry : entries) {
    if (entry.begin != position)
      throw InputError(fmt::format("{}: tensor '{}' begins at byte {} of the data; expected {}",
                                   file, printable(entry.name), entry.begin, position));
    if (entry.end - entry.begin > input.remaining())
      throw InputError(fmt::format("{}: tensor '{}' is cut off: {} bytes expected, {} left", file,
                                   printable(entry.name), entry.end - entry.begin,
                                   input.remaining()));
    position = entry.end;
    if (wanted && !wanted(entry.name)) {
      input.skip(entry.end - entry.begin);
      continue;
    }
    std::vector<std::byte> stored(entry.end - entry.begin);
    input.read(stored.data(), stored.size(), entry.name);
    if (checksums) checksums->check(&entry - entries.data(), entry.name, stored);
    content.arrays[entry.name] = keep(entry, std::move(stored));
  }
  if (input.remaining() > 0)
    throw InputError(fmt::format("{}: {} bytes after the last tensor", file, input.remaining()));
  return content;
}

NamedArrays read_tensors(const TensorSources& sources) {
  NamedArrays content{.arrays = {}, .metadata = sources.metadata, .skipped = {}};
  for (const auto& [name, source] : sources.arrays) content.arrays[name] = source.read();
  return content;
}

uint64_t safetensors_bytes(const TensorSources& content) {
  const Header header = header_of("", content);
  return 8 + header.text.size() + header.data_bytes;
}

void write_safetensors(const std::filesystem::path& path, const TensorSources& content,
                       const std::filesystem::path& previous) {
  const Header header = header_of(path, content);
  AtomicFile file(path);
  uint8_t length_bytes[8];
  for (int i = 0; i < 8; ++i) length_bytes[i] = static_cast<uint8_t>(header.text.size() >> (8 * i));
  file.write(length_bytes, 8);
  file.write(header.text);
  std::string checksums = digits_of(xxh64(header.text.data(), header.text.size()));
  for (const auto* named : header.order) {
    const auto& [name, source] = *named;
    const HostArray array = source.read();
    LANET_REQUIRE(
        array.shape == source.shape && array.dtype == source.dtype &&
            array.bytes.size() == static_cast<size_t>(array.elements()) * size_of(array.dtype),
        "tensor '{}': {} of shape {} with {} bytes", name, to_string(array.dtype),
        to_string(array.shape), array.bytes.size());
    file.write(array.bytes.data(), array.bytes.size());
    checksums += digits_of(xxh64(array.bytes.data(), array.bytes.size()));
  }
  file.write_at(8 + header.checksums, checksums);
  file.commit(previous);
}

void write_safetensors(const std::filesystem::path& path, const NamedArrays& content) {
  TensorSources sources{.metadata = content.metadata};
  for (const auto& [name, array] : content.arrays)
    sources.arrays[name] = {array.shape, array.dtype, [&array = array] { return array; }};
  write_safetensors(path, sources);
}

}  // namespace lanet
