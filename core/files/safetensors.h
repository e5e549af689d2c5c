// The safetensors format: 8 bytes of header length, a JSON header, the tensors' bytes. Names and
// layouts are those of a PyTorch state_dict, so that other programs read what is written here.
#pragma once

#include <filesystem>

#include "core/files/host_array.h"

namespace lanet {

/// Reads a file whole. F32, F64, BF16, I64, I32 and U8 are kept as they are, F16 becomes f32 and
/// BOOL u8. Everything is checked before it is used: header length, JSON, shapes against byte
/// counts, and that the tensors fill the rest of the file without a gap or an overlap.
/// InputError names the file and the tensor.
NamedArrays read_safetensors(const std::filesystem::path& path);

/// Writes a file, atomically (core/files/file.h). The same content gives the same bytes: tensors
/// stand by falling element size, then by name, so that each is aligned to its elements; the header
/// is padded with spaces to a multiple of 8 bytes.
void write_safetensors(const std::filesystem::path& path, const NamedArrays& content);

}  // namespace lanet
