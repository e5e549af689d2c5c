#include "core/files/torch_file.h"

#include <zip.h>

#include <cstring>
#include <memory>

#include "core/files/file.h"
#include "core/files/torch_pickle.h"

namespace lanet {
namespace {

constexpr uint64_t kMaxPickleBytes = uint64_t{32} << 20;
constexpr int kMaxDepth = 64;
/// What a name and a value take beside their characters, roughly.
constexpr int64_t kLeafBytes = 64;

/// The archive: entries that torch.save stored uncompressed, so that none is larger than the file.
class Archive {
 public:
  explicit Archive(const std::filesystem::path& path) : file_(path.string()) {
    InputFile input(path);
    file_bytes_ = input.size();
    char start[2] = {};
    if (file_bytes_ >= 2) input.read(start, 2, "the file");
    if (start[0] == '\x80')
      throw InputError(fmt::format(
          "{}: is in the format of PyTorch before 1.6; convert it with Python: torch.save(torch."
          "load('{}', map_location='cpu', weights_only=True), 'new.pth')",
          file_, path.filename().string()));
    int code = 0;
    zip_.reset(zip_open(path.c_str(), ZIP_RDONLY, &code));
    if (!zip_) {
      zip_error_t error;
      zip_error_init_with_code(&error, code);
      const std::string reason = zip_error_strerror(&error);
      zip_error_fini(&error);
      throw InputError(
          fmt::format("{}: is no file of torch.save, or is cut off: {}", file_, reason));
    }
    // Everything lies in one folder, whose name is the writer's choice.
    const char* first =
        zip_get_num_entries(zip_.get(), 0) > 0 ? zip_get_name(zip_.get(), 0, 0) : nullptr;
    const std::string name = first ? first : "";
    folder_ = name.substr(0, name.find('/') + 1);
    if (!has("data.pkl"))
      throw InputError(fmt::format("{}: is no file of torch.save: it has no data.pkl", file_));
  }

  uint64_t file_bytes() const { return file_bytes_; }
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

bool is_contiguous(const TorchTensor& tensor) {
  int64_t expected = 1;
  for (size_t i = tensor.shape.size(); i-- > 0;) {
    if (tensor.shape[i] != 1 && tensor.strides[i] != expected) return false;
    expected *= tensor.shape[i];
  }
  return true;
}

/// Calls copy(place, element) for each element of the tensor: its row-major number, and its place
/// in the storage.
template <typename F>
void for_each_element(const TorchTensor& tensor, int64_t elements, F&& copy) {
  std::vector<int64_t> index(tensor.shape.size(), 0);
  int64_t source = tensor.offset;
  for (int64_t place = 0; place < elements; ++place) {
    copy(place, source);
    for (size_t d = index.size(); d-- > 0;) {
      if (tensor.shape[d] == 1) continue;  // its stride has no meaning, and may be anything
      source += tensor.strides[d];
      if (++index[d] < tensor.shape[d]) break;
      source -= tensor.strides[d] * tensor.shape[d];
      index[d] = 0;
    }
  }
}

HostArray gather(const TorchTensor& tensor, const std::string& storage) {
  const TorchStorageType& type = *tensor.storage->type;
  HostArray array(tensor.shape, type.kept);
  const int64_t elements = array.elements();
  if (elements == 0) return array;
  if (type.half) {
    for_each_element(tensor, elements, [&](int64_t place, int64_t source) {
      uint16_t bits = 0;
      std::memcpy(&bits, storage.data() + 2 * source, 2);
      const float value = half_to_float(bits);
      std::memcpy(array.bytes.data() + 4 * place, &value, 4);
    });
  } else if (is_contiguous(tensor)) {
    std::memcpy(array.bytes.data(),
                storage.data() + static_cast<size_t>(tensor.offset) * type.stored_bytes,
                array.bytes.size());
  } else {
    for_each_element(tensor, elements, [&](int64_t place, int64_t source) {
      std::memcpy(array.bytes.data() + static_cast<size_t>(place) * type.stored_bytes,
                  storage.data() + static_cast<size_t>(source) * type.stored_bytes,
                  type.stored_bytes);
    });
  }
  return array;
}

/// Walks the pickle's values and gathers what they hold under dotted names.
class Flattener {
 public:
  Flattener(const std::string& file, const Archive& archive)
      : file_(file),
        archive_(archive),
        budget_(static_cast<int64_t>(8 * archive.file_bytes() + (16u << 20))) {}

  void add(const PickleValue& value, const std::string& name, int depth) {
    if (depth > kMaxDepth)
      throw InputError(
          fmt::format("{}: '{}' is nested beyond {} levels", file_, printable(name), kMaxDepth));
    spend(kLeafBytes + static_cast<int64_t>(name.size()));
    auto child = [&](const std::string& key) { return name.empty() ? key : name + "." + key; };
    if (const auto* dict = std::get_if<PickleValue::Dict>(&value.is)) {
      for (const auto& [key, item] : dict->items) add(*item, child(key), depth + 1);
    } else if (const auto* list = std::get_if<PickleValue::List>(&value.is)) {
      for (size_t i = 0; i < list->items.size(); ++i)
        add(*list->items[i], child(std::to_string(i)), depth + 1);
    } else if (const auto* tensor = std::get_if<TorchTensor>(&value.is)) {
      add_tensor(*tensor, name);
    } else if (const auto* global = std::get_if<PickleValue::Global>(&value.is)) {
      refuse_content(file_, global->name);
    } else if (const auto* storage = std::get_if<TorchStorage>(&value.is)) {
      refuse_content(file_, fmt::format("a bare {}", storage->type->name));
    } else {
      std::string text = scalar_text(value);
      spend(static_cast<int64_t>(text.size()));
      require_new(content_.metadata.emplace(name, std::move(text)).second, name);
    }
  }
  NamedArrays take() { return std::move(content_); }

 private:
  /// Values may be shared and views may repeat elements, so that a small file could unfold to any
  /// size: what is unfolded is counted.
  void spend(int64_t bytes) {
    if (bytes > budget_)
      throw InputError(fmt::format("{}: unpacks to more than 8 times its size", file_));
    budget_ -= bytes;
  }
  void require_new(bool is_new, const std::string& name) {
    if (!is_new) throw InputError(fmt::format("{}: holds '{}' twice", file_, printable(name)));
  }

  void add_tensor(const TorchTensor& tensor, const std::string& name) {
    const TorchStorage& storage = *tensor.storage;
    int64_t bytes = 0, stored = 0;
    if (!bytes_of({storage.elements}, storage.type->stored_bytes, stored) ||
        !bytes_of(tensor.shape, size_of(storage.type->kept), bytes))
      throw InputError(fmt::format("{}: '{}' is too large", file_, printable(name)));
    spend(bytes);
    auto [found, is_new] = storages_.try_emplace(storage.key);
    std::string& data = found->second;
    if (is_new) {
      data = archive_.read("data/" + storage.key, archive_.file_bytes());
      spend(static_cast<int64_t>(data.size()));
    }
    if (data.size() != static_cast<uint64_t>(stored))
      throw InputError(fmt::format("{}: '{}': a storage of {} bytes where {} were expected", file_,
                                   printable(name), data.size(), stored));
    require_new(content_.arrays.emplace(name, gather(tensor, data)).second, name);
  }

  static std::string scalar_text(const PickleValue& value) {
    if (const auto* text = std::get_if<std::string>(&value.is)) return *text;
    if (const auto* flag = std::get_if<bool>(&value.is)) return *flag ? "true" : "false";
    if (const auto* whole = std::get_if<int64_t>(&value.is)) return std::to_string(*whole);
    if (const auto* number = std::get_if<double>(&value.is)) return fmt::format("{}", *number);
    return "none";
  }

  const std::string& file_;
  const Archive& archive_;
  int64_t budget_;
  std::map<std::string, std::string> storages_;
  NamedArrays content_;
};

}  // namespace

NamedArrays read_torch_file(const std::filesystem::path& path) {
  const std::string file = path.string();
  const Archive archive(path);
  if (archive.has("byteorder") && archive.read("byteorder", 16) != "little")
    throw InputError(fmt::format("{}: was written on a big-endian machine", file));
  const TorchPickle pickle(file, archive.read("data.pkl", kMaxPickleBytes));
  Flattener flattener(file, archive);
  flattener.add(pickle.root(), "", 0);
  return flattener.take();
}

}  // namespace lanet
