// Reads files of torch.save, of any version (`.pth`, `.pt`, `.tensor`), and pickles of NumPy arrays
// (`.pkl`).
#pragma once

#include <filesystem>

#include "core/files/host_array.h"

namespace lanet {

/// Reads the tensors of a file. Nested dictionaries, lists and tuples are flattened, names joined
/// by dots: {'state_dict': {'conv1.weight': …}} gives `state_dict.conv1.weight`, {'points': [a, b]}
/// gives `points.0` and `points.1`; a file that is one bare tensor gives the name "". Integers,
/// floats, strings, bools and None become `metadata`, as text, under names of the same kind.
///
/// float32, float64, bfloat16, int64, int32 and uint8 are kept, float16 becomes f32 and bool u8.
/// Views (strides, offsets, shared storages) become plain row-major arrays.
///
/// A pickle is a program; this reader runs none. It knows tensors, parameters, NumPy arrays,
/// dictionaries, lists, tuples and plain values. Objects of any other class are not made: `skipped`
/// has the class of each under its name. A file with nothing else is refused:
/// `x.pth: holds posix.system: only tensors and dictionaries are read`.
/// InputError also for what is cut off, compressed, inconsistent, nested beyond 64 levels, or
/// larger unpacked than 8 times the file.
NamedArrays read_torch_file(const std::filesystem::path& path);

}  // namespace lanet
