#include "core/files/torch_file.h"

#include <zip.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "core/files/document.h"
#include "core/files/file.h"
#include "core/files/pickle_arrays.h"

namespace lanet {
namespace {

constexpr uint64_t kMaxPickleBytes = uint64_t{32} << 20;

/// The archive: entries that torch.save stored uncompressed, so that none is larger than the file.
class Archive {
 public:
  Archive(const std::filesystem::path& path, uint64_t file_bytes)
      : file_(path.string()), file_bytes_(file_bytes) {
    int code = 0;
    zip_.reset(zip_open(path.c_str(), ZIP_RDONLY, &code));
    if (!zip_) {
      zip_error_t error;
      zip_error_init_with_code(&error, code);
      const std::string reason = zip_error_strerror(&error);
      zip_error_fini(&error);
      throw InputError(
          fmt::format("{}: not a file written by torch.save, or cut off: {}", file_, reason));
    }
    // Everything lies in one folder, whose name is the writer's choice.
    const char* first =
        zip_get_num_entries(zip_.get(), 0) > 0 ? zip_get_name(zip_.get(), 0, 0) : nullptr;
    const std::string name = first ? first : "";
    folder_ = name.substr(0, name.find('/') + 1);
    if (!has("data.pkl"))
      throw InputError(
          fmt::format("{}: not a file written by torch.save: it has no data.pkl", file_));
  }

  bool has(const std::string& name) const {
    return zip_name_locate(zip_.get(), (folder_ + name).c_str(), 0) >= 0;
  }

  std::string read(const std::string& name, uint64_t limit) const {
    auto require = [&](bool condition, std::string_view what) {
      if (!condition)
        throw InputError(fmt::format("{}: its entry {} {}", file_, printable(name), what));
    };
    zip_stat_t status;
    require(zip_stat(zip_.get(), (folder_ + name).c_str(), 0, &status) == 0, "is missing");
    require((status.valid & ZIP_STAT_SIZE) && (status.valid & ZIP_STAT_COMP_METHOD) &&
                status.comp_method == ZIP_CM_STORE,
            "is compressed; torch.save does not do that");
    require(status.size <= file_bytes_ && status.size <= limit, "is too large");
    const std::unique_ptr<zip_file_t, decltype(&zip_fclose)> entry(
        zip_fopen_index(zip_.get(), status.index, 0), &zip_fclose);
    require(entry != nullptr, "cannot be read");
    std::string content(status.size, '\0');
    uint64_t position = 0;
    while (position < content.size()) {
      const auto got = zip_fread(entry.get(), content.data() + position, content.size() - position);
      require(got > 0, "is cut off or damaged");
      position += static_cast<uint64_t>(got);
    }
    char beyond = 0;  // at the end libzip compares the checksum
    require(zip_fread(entry.get(), &beyond, 1) == 0, "is damaged: its checksum is wrong");
    return content;
  }

 private:
  struct Discard {
    void operator()(zip_t* zip) const { zip_discard(zip); }
  };
  std::string file_, folder_;
  uint64_t file_bytes_ = 0;
  std::unique_ptr<zip_t, Discard> zip_;
};

NamedArrays read_archive(const std::filesystem::path& path, uint64_t file_bytes) {
  const std::string file = path.string();
  const Archive archive(path, file_bytes);
  if (archive.has("byteorder") && archive.read("byteorder", 16) != "little")
    throw InputError(fmt::format("{}: was written on a big-endian machine", file));
  const Pickle pickle(file, archive.read("data.pkl", kMaxPickleBytes));
  std::map<std::string, std::string> blocks;
  return arrays_of(pickle, file, file_bytes, [&](const std::string& key) -> std::string_view {
    const auto [found, is_new] = blocks.try_emplace(key);
    if (is_new) found->second = archive.read("data/" + key, file_bytes);
    return found->second;
  });
}

/// Where the content begins in a file of torch.save before PyTorch 1.6: behind a pickle that holds
/// a magic number. Otherwise 0: a file that is one pickle.
size_t begin_of_content(std::string_view bytes) {
  constexpr std::string_view kMagic = "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";
  constexpr size_t kMost = 32;  // protocol and frame come before it
  const size_t found = bytes.substr(0, kMost).find(kMagic);
  return found == std::string_view::npos ? 0 : found + kMagic.size();
}

void require_little_endian(const std::string& file, const PickleValue& machine) {
  const auto* facts = std::get_if<PickleValue::Dict>(&machine.is);
  if (facts && facts->items.contains("little_endian")) {
    const bool* little = std::get_if<bool>(&facts->items.at("little_endian")->is);
    if (little && *little) return;
  }
  throw InputError(fmt::format("{}: was not written on a little-endian machine", file));
}

std::vector<std::string> texts_of(const std::string& file, const PickleValue& list) {
  const auto* items = std::get_if<PickleValue::List>(&list.is);
  if (!items) throw InputError(fmt::format("{}: has no list of its storages", file));
  std::vector<std::string> texts;
  for (const PickleValue* item : items->items) {
    const auto* text = std::get_if<std::string>(&item->is);
    if (!text) throw InputError(fmt::format("{}: a storage whose key is not text", file));
    texts.push_back(*text);
  }
  return texts;
}

/// The old format: pickles of a version, of the machine, of the content and of the storages' keys;
/// then, for each key, the number of elements (int64) and the elements.
NamedArrays read_old_file(const std::string& file, std::string_view bytes, size_t begin) {
  std::string_view rest = bytes.substr(begin);
  auto take = [&](size_t count) {
    if (count > rest.size()) throw InputError(fmt::format("{}: the storages are cut off", file));
    const std::string_view piece = rest.substr(0, count);
    rest.remove_prefix(count);
    return piece;
  };
  const Pickle version(file, rest);
  take(version.bytes());
  const Pickle machine(file, rest);
  take(machine.bytes());
  require_little_endian(file, machine.root());
  const Pickle content(file, rest);
  take(content.bytes());
  const Pickle keys(file, rest);
  take(keys.bytes());

  const std::map<std::string, size_t> element_bytes = content.element_bytes();
  std::map<std::string, std::string_view> blocks;
  for (const std::string& key : texts_of(file, keys.root())) {
    const auto size = element_bytes.find(key);
    if (size == element_bytes.end())
      throw InputError(
          fmt::format("{}: its storage {} is of a type that is not read", file, printable(key)));
    uint64_t count = 0;
    std::memcpy(&count, take(sizeof(count)).data(), sizeof(count));
    if (count > rest.size())
      throw InputError(fmt::format("{}: its storage {} is cut off", file, printable(key)));
    blocks[key] = take(count * size->second);
  }
  return arrays_of(content, file, bytes.size(), [&](const std::string& key) {
    const auto found = blocks.find(key);
    if (found == blocks.end())
      throw InputError(fmt::format("{}: its storage {} is missing", file, printable(key)));
    return found->second;
  });
}

NamedArrays read_pickle_file(const std::string& file, const std::string& bytes) {
  if (const size_t begin = begin_of_content(bytes)) return read_old_file(file, bytes, begin);
  const Pickle pickle(file, bytes);
  return arrays_of(pickle, file, bytes.size(), [&](const std::string&) -> std::string_view {
    throw InputError(
        fmt::format("{}: has PyTorch tensors, but was not written by torch.save", file));
  });
}

}  // namespace

NamedArrays read_torch_file(const std::filesystem::path& path) {
  InputFile input(path);
  std::string bytes(std::min<uint64_t>(input.size(), 1), '\0');
  input.read(bytes.data(), bytes.size(), "the file");
  if (bytes != "\x80") {
    std::string start(std::min<uint64_t>(input.remaining(), 512), '\0');
    input.read(start.data(), start.size(), "the file");
    if (const std::string_view mistake = mistaken_for_file(bytes + start); !mistake.empty())
      throw InputError(fmt::format("{}: {}", path.string(), mistake));
    return read_archive(path, input.size());
  }
  bytes.resize(input.size());
  input.read(bytes.data() + 1, input.remaining(), "the file");
  return read_pickle_file(path.string(), bytes);
}

}  // namespace lanet
