#include "core/files/pickle_arrays.h"

#include <cstring>

namespace lanet {
namespace {

constexpr int kMaxDepth = 64;
/// What a name and a value take beside their characters, roughly.
constexpr int64_t kLeafBytes = 64;

bool is_contiguous(const PickleTensor& tensor) {
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
void for_each_element(const PickleTensor& tensor, int64_t elements, F&& copy) {
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

HostArray gather(const PickleTensor& tensor, std::string_view storage) {
  const StorageType& type = *tensor.storage.type;
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
  Flattener(const std::string& file, uint64_t file_bytes, const BlockSource& block)
      : file_(file), block_(block), budget_(static_cast<int64_t>(8 * file_bytes + (16u << 20))) {}

  void add(const PickleValue& value, const std::string& name, int depth) {
    if (depth > kMaxDepth)
      throw InputError(
          fmt::format("{}: '{}' is nested beyond {} levels", file_, printable(name), kMaxDepth));
    spend(kLeafBytes + static_cast<int64_t>(name.size()));
    auto child = [&](const std::string& key) { return name.empty() ? key : name + "." + key; };
    if (const auto* dict = std::get_if<PickleValue::Dict>(&value.is)) {
      for (const auto& [key, item] : dict->items) add(*item, child(key), depth + 1);
      for (const auto& [key, what] : dict->skipped) skip(child(key), what);
    } else if (const auto* list = std::get_if<PickleValue::List>(&value.is)) {
      for (size_t i = 0; i < list->items.size(); ++i)
        add(*list->items[i], child(std::to_string(i)), depth + 1);
    } else if (const auto* tensor = std::get_if<PickleTensor>(&value.is)) {
      add_tensor(*tensor, name);
    } else if (const std::string what = unread_name(value); !what.empty()) {
      skip(name, what);
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

  void skip(const std::string& name, const std::string& what) {
    spend(static_cast<int64_t>(name.size() + what.size()));
    content_.skipped.emplace(name, what);
  }

  void add_tensor(const PickleTensor& tensor, const std::string& name) {
    const PickleStorage& storage = tensor.storage;
    const size_t element_bytes = storage.type->stored_bytes;
    int64_t bytes = 0, stored = 0;
    if (!bytes_of({storage.block_elements}, element_bytes, stored) ||
        !bytes_of(tensor.shape, size_of(storage.type->kept), bytes))
      throw InputError(fmt::format("{}: '{}' is too large", file_, printable(name)));
    spend(bytes);
    const std::string_view data = storage.inside.data() ? storage.inside : block_(storage.key);
    if (data.size() != static_cast<uint64_t>(stored))
      throw InputError(fmt::format("{}: '{}': a storage of {} bytes where {} were expected", file_,
                                   printable(name), data.size(), stored));
    const auto first = static_cast<size_t>(storage.first) * element_bytes;
    require_new(content_.arrays.emplace(name, gather(tensor, data.substr(first))).second, name);
  }

  /// What a value that cannot be read is called; empty: it can be.
  static std::string unread_name(const PickleValue& value) {
    if (const auto* foreign = std::get_if<PickleValue::Foreign>(&value.is)) return foreign->name;
    if (const auto* global = std::get_if<PickleValue::Global>(&value.is)) return global->name;
    if (const auto* storage = std::get_if<PickleStorage>(&value.is))
      return fmt::format("a bare {}", storage->type->torch_name);
    if (std::holds_alternative<PickleValue::Bytes>(value.is)) return "bytes";
    if (std::holds_alternative<PickleValue::NumpyType>(value.is)) return "numpy.dtype";
    if (std::holds_alternative<PickleValue::NumpyArray>(value.is)) return "an unfinished array";
    return "";
  }

  static std::string scalar_text(const PickleValue& value) {
    if (const auto* text = std::get_if<std::string>(&value.is)) return *text;
    if (const auto* flag = std::get_if<bool>(&value.is)) return *flag ? "true" : "false";
    if (const auto* whole = std::get_if<int64_t>(&value.is)) return std::to_string(*whole);
    if (const auto* number = std::get_if<double>(&value.is)) return fmt::format("{}", *number);
    return "none";
  }

  const std::string& file_;
  const BlockSource& block_;
  int64_t budget_;
  NamedArrays content_;
};

}  // namespace

NamedArrays arrays_of(const Pickle& pickle, const std::string& file, uint64_t file_bytes,
                      const BlockSource& block) {
  Flattener flattener(file, file_bytes, block);
  flattener.add(pickle.root(), "", 0);
  NamedArrays content = flattener.take();
  if (content.arrays.empty() && !content.skipped.empty())
    refuse_content(file, content.skipped.begin()->second);
  return content;
}

}  // namespace lanet
