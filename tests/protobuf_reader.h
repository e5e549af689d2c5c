// Reads the wire format of Protocol Buffers: what a test says of a file that was written so.
#pragma once

#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace lanet::test {

struct ProtobufField {
  enum Wire { varint = 0, fixed64 = 1, length_delimited = 2, fixed32 = 5 };
  uint64_t number = 0;
  Wire wire = varint;
  uint64_t value = 0;      ///< of a varint
  std::string_view bytes;  ///< of the rest

  int64_t integer() const {
    if (wire != varint) throw std::runtime_error("not an integer");
    return static_cast<int64_t>(value);
  }
  /// The value of a float or double field.
  template <typename T>
  T real() const {
    if (wire != (sizeof(T) == 8 ? fixed64 : fixed32)) throw std::runtime_error("not such a number");
    T result;
    std::memcpy(&result, bytes.data(), sizeof result);
    return result;
  }
  std::string_view text() const {
    if (wire != length_delimited) throw std::runtime_error("neither text nor a message");
    return bytes;
  }
};

/// The fields of a message, in order; they refer to its bytes. Throws where it is damaged.
inline std::vector<ProtobufField> read_protobuf(std::string_view message) {
  size_t at = 0;
  auto varint = [&] {
    uint64_t value = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      if (at == message.size()) throw std::runtime_error("cut off in a number");
      const auto byte = static_cast<uint8_t>(message[at++]);
      value |= uint64_t{byte & 0x7Fu} << shift;
      if (byte < 0x80) return value;
    }
    throw std::runtime_error("a number of more than ten bytes");
  };
  std::vector<ProtobufField> fields;
  while (at < message.size()) {
    const uint64_t key = varint();
    ProtobufField field{.number = key >> 3, .wire = static_cast<ProtobufField::Wire>(key & 7)};
    if (field.wire == ProtobufField::varint) {
      field.value = varint();
    } else if (field.wire == ProtobufField::length_delimited ||
               field.wire == ProtobufField::fixed64 || field.wire == ProtobufField::fixed32) {
      const uint64_t size = field.wire == ProtobufField::fixed64   ? 8
                            : field.wire == ProtobufField::fixed32 ? 4
                                                                   : varint();
      if (size > message.size() - at) throw std::runtime_error("cut off in a text");
      field.bytes = message.substr(at, size);
      at += size;
    } else {
      throw std::runtime_error("an unexpected wire type");
    }
    fields.push_back(field);
  }
  return fields;
}

}  // namespace lanet::test
