// The pickle inside a PyTorch file, read without running it: a machine with a stack that knows the
// instructions torch.save writes and a closed list of names.
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

/// How a class of storages (torch.FloatStorage …) is stored, and as what its elements are kept.
struct TorchStorageType {
  std::string_view name;
  size_t stored_bytes;
  HostDType kept;
  bool half = false;  ///< float16, which becomes f32
};

/// A flat block of elements, an entry of its own in the archive: `data/<key>`.
struct TorchStorage {
  const TorchStorageType* type = nullptr;
  std::string key;
  int64_t elements = 0;
};

/// A view of a storage: element (i, j, …) is at offset + i·strides[0] + j·strides[1] + …
/// Checked: at most HostArray::kMaxRank dimensions, nothing negative, nothing outside the storage.
struct TorchTensor {
  const TorchStorage* storage = nullptr;
  int64_t offset = 0;
  std::vector<int64_t> shape, strides;
};

/// A value of the pickle. Values point at each other and may be shared, even in circles; the
/// TorchPickle owns them all.
struct PickleValue {
  struct List {
    std::vector<const PickleValue*> items;
    bool tuple = false;
  };
  struct Dict {
    std::map<std::string, const PickleValue*> items;  ///< a whole number as key: its digits
  };
  struct Global {  ///< a name of the closed list, not yet called
    std::string name;
  };
  std::variant<std::monostate, bool, int64_t, double, std::string, List, Dict, Global, TorchStorage,
               TorchTensor>
      is;
};

class TorchPickle {
 public:
  /// Reads `bytes`; `file` is named in errors. InputError for any other instruction or name, and
  /// for a pickle that is cut off or makes no sense.
  TorchPickle(const std::string& file, std::string_view bytes);
  TorchPickle(const TorchPickle&) = delete;
  TorchPickle& operator=(const TorchPickle&) = delete;

  const PickleValue& root() const { return *root_; }

 private:
  std::deque<PickleValue> values_;
  const PickleValue* root_ = nullptr;
};

/// Throws InputError: `file` holds `name`, which is neither a tensor nor a dictionary.
[[noreturn]] void refuse_content(const std::string& file, std::string_view name);

}  // namespace lanet
