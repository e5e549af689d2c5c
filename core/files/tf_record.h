// TensorFlow's TFRecord format: records of any bytes, one after the other, each with checksums.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lanet {

/// CRC-32C (Castagnoli), as iSCSI has it.
uint32_t crc32c(std::string_view bytes);

/// A record as the file has it: the length of `data` as u64, its masked checksum, `data`, its
/// masked checksum, all little-endian.
std::string tf_record(std::string_view data);

}  // namespace lanet
