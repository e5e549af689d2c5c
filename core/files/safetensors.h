// The safetensors format: 8 bytes of header length, a JSON header, the tensors' bytes. Names and
// layouts are those of a PyTorch state_dict, so that other programs read what is written here.
#pragma once

#include <filesystem>
#include <functional>

#include "core/files/host_array.h"

namespace lanet {

/// Reads a file: all of it, or the metadata and the tensors whose names are `wanted`. F32, F64,
/// BF16, I64, I32 and U8 are kept as they are, F16 becomes f32 and BOOL u8. Everything is checked
/// before it is used: header length, JSON, shapes against byte counts, that the tensors fill the
/// rest of the file without a gap or an overlap and, in a file that has them, the checksums of what
/// is read. InputError names the file and the tensor.
NamedArrays read_safetensors(const std::filesystem::path& path,
                             const std::function<bool(const std::string&)>& wanted = {});

/// A tensor that is read when its turn to be written has come, so that what is written need not be
/// in memory at once.
struct TensorSource {
  std::vector<int64_t> shape;
  HostDType dtype = HostDType::f32;
  std::function<HostArray()> read;
};
struct TensorSources {
  std::map<std::string, TensorSource> arrays;
  std::map<std::string, std::string> metadata;
};

/// All of it in memory.
NamedArrays read_tensors(const TensorSources& sources);
/// The size of the file that write_safetensors() makes of this.
uint64_t safetensors_bytes(const TensorSources& content);

/// Writes a file, atomically; `previous`, if given, becomes the name of the file that was there
/// (core/files/file.h). The same content gives the same bytes: tensors stand by falling element
/// size, then by name, so that each is aligned to its elements; the header is padded with spaces to
/// a multiple of 8 bytes. The metadata "lanet.checksums", which reading checks and removes, has 16
/// hexadecimal digits of XXH64 (core/xxh64.h) for the header, as it is with zeros in their place,
/// and 16 for each tensor in the order of the file.
void write_safetensors(const std::filesystem::path& path, const TensorSources& content,
                       const std::filesystem::path& previous = {});
void write_safetensors(const std::filesystem::path& path, const NamedArrays& content);

}  // namespace lanet
