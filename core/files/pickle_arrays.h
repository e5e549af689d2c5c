// The arrays in a pickle, under dotted names.
#pragma once

#include <functional>

#include "core/files/pickle.h"

namespace lanet {

/// The bytes of the storage with this key, which stay where they are.
using BlockSource = std::function<std::string_view(const std::string& key)>;

/// Gathers what the pickle holds, as read_torch_file() says. `file`: what errors name, of
/// `file_bytes` bytes; `block`: where the storages are. InputError also if there is no array, and
/// something was skipped.
NamedArrays arrays_of(const Pickle& pickle, const std::string& file, uint64_t file_bytes,
                      const BlockSource& block);

}  // namespace lanet
