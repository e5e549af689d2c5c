// Pickles, read without running them: a machine with a stack that knows the instructions of
// protocols 2 to 5 and a closed list of names: PyTorch's tensors, NumPy's arrays, and dictionaries.
// What any other class or function would make is not made: a PickleValue::Foreign stands for it.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/files/host_array.h"

namespace lanet {

/// How the elements of a storage (torch.FloatStorage …) or of a NumPy array (f4 …) are stored, and
/// as what they are kept.
struct StorageType {
  std::string_view torch_name;
  std::string_view numpy_name;  ///< empty: NumPy has no such type
  size_t stored_bytes;
  HostDType kept;
  bool half = false;  ///< float16, which becomes f32
};

/// A flat block of elements.
struct PickleStorage {
  const StorageType* type = nullptr;
  std::string key;             ///< of PyTorch's: names the block in the file
  int64_t first = 0;           ///< elements of that block before this part of it
  int64_t elements = 0;        ///< of this part
  int64_t block_elements = 0;  ///< of the whole block
  std::string_view inside;     ///< of NumPy's: the bytes themselves, which the pickle holds
};

/// A view of a storage: element (i, j, …) is at offset + i·strides[0] + j·strides[1] + …
/// Checked: at most HostArray::kMaxRank dimensions, nothing negative, nothing outside the storage.
struct PickleTensor {
  PickleStorage storage;
  int64_t offset = 0;
  std::vector<int64_t> shape, strides;
};

/// A value of the pickle. Values point at each other and may be shared, even in circles; the
/// Pickle owns them all.
struct PickleValue {
  struct Bytes {
    std::string data;
  };
  struct List {
    std::vector<const PickleValue*> items;
    bool tuple = false;
  };
  struct Dict {
    std::map<std::string, const PickleValue*> items;  ///< a whole number as key: its digits
    std::map<std::string, std::string> skipped;  ///< of keys that are foreign: what they are of
  };
  struct Global {  ///< a name of the closed list, not yet called
    std::string name;
  };
  struct Foreign {  ///< what `name`, which is not of the list, would have made
    std::string name;
  };
  struct NumpyType {
    std::string name;  ///< "<f4": byte order, kind and size
  };
  struct NumpyArray {};  ///< made, and not yet given its state, which makes it a PickleTensor
  using Is = std::variant<std::monostate, bool, int64_t, double, std::string, Bytes, List, Dict,
                          Global, Foreign, NumpyType, NumpyArray, PickleStorage, PickleTensor>;
  Is is;
};

class Pickle {
 public:
  /// Reads the pickle that `bytes` begin with; `file` is named in errors. InputError for an
  /// unknown instruction, and for a pickle that is cut off or makes no sense.
  Pickle(const std::string& file, std::string_view bytes);
  Pickle(const Pickle&) = delete;
  Pickle& operator=(const Pickle&) = delete;

  const PickleValue& root() const { return *root_; }
  size_t bytes() const { return bytes_; }  ///< how long the pickle is
  /// The size of an element in each of PyTorch's storages, by key.
  std::map<std::string, size_t> element_bytes() const;

 private:
  std::deque<PickleValue> values_;
  const PickleValue* root_ = nullptr;
  size_t bytes_ = 0;
};

/// Throws InputError: `file` holds `name`, which is neither a tensor nor a dictionary.
[[noreturn]] void refuse_content(const std::string& file, std::string_view name);

}  // namespace lanet
