// Writes messages in the wire format of Protocol Buffers, field by field, without a schema:
// https://protobuf.dev/programming-guides/encoding
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lanet {

/// One message. Fields appear in the order of the calls; a repeated field is written once for each
/// element. A field's number is in [1, 2^29).
class ProtobufWriter {
 public:
  /// int32, int64, bool or enum; a negative number takes ten bytes.
  void integer(int field, int64_t value);
  void float32(int field, float value);
  void float64(int field, double value);
  /// string or bytes.
  void text(int field, std::string_view value);
  void message(int field, const ProtobufWriter& value) { text(field, value.bytes_); }

  /// The message so far, without its length.
  const std::string& bytes() const { return bytes_; }

 private:
  enum class WireType { varint = 0, fixed64 = 1, length_delimited = 2, fixed32 = 5 };
  void tag(int field, WireType type);
  void varint(uint64_t value);
  /// The bytes as they lie in memory, which is little-endian.
  void fixed(const void* value, size_t size);

  std::string bytes_;
};

}  // namespace lanet
