#include "core/files/protobuf_writer.h"

#include <bit>

#include "core/error.h"

namespace lanet {

void ProtobufWriter::integer(int field, int64_t value) {
  tag(field, WireType::varint);
  varint(static_cast<uint64_t>(value));
}

void ProtobufWriter::float32(int field, float value) {
  tag(field, WireType::fixed32);
  fixed(&value, sizeof value);
}

void ProtobufWriter::float64(int field, double value) {
  tag(field, WireType::fixed64);
  fixed(&value, sizeof value);
}

void ProtobufWriter::text(int field, std::string_view value) {
  tag(field, WireType::length_delimited);
  varint(value.size());
  bytes_.append(value);
}

void ProtobufWriter::tag(int field, WireType type) {
  LANET_REQUIRE(field >= 1 && field < 1 << 29, "field number {}", field);
  varint(static_cast<uint64_t>(field) << 3 | static_cast<uint64_t>(type));
}

void ProtobufWriter::varint(uint64_t value) {
  constexpr uint64_t kMore = 0x80;  // the seven bits below come first
  for (; value >= kMore; value >>= 7) bytes_.push_back(static_cast<char>(value | kMore));
  bytes_.push_back(static_cast<char>(value));
}

void ProtobufWriter::fixed(const void* value, size_t size) {
  static_assert(std::endian::native == std::endian::little);
  bytes_.append(static_cast<const char*>(value), size);
}

}  // namespace lanet
