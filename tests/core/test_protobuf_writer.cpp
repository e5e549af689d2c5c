// The bytes of https://protobuf.dev/programming-guides/encoding, and any number read back.
#include <doctest/doctest.h>

#include <limits>

#include "core/error.h"
#include "core/files/protobuf_writer.h"
#include "tests/protobuf_reader.h"

namespace lanet::test {

using namespace std::string_literals;

TEST_CASE("protobuf writer: the examples of the format's documentation") {
  ProtobufWriter number, text, outer;
  number.integer(1, 150);
  CHECK(number.bytes() == "\x08\x96\x01"s);
  text.text(2, "testing");
  CHECK(text.bytes() == "\x12\x07testing"s);
  outer.message(3, number);
  CHECK(outer.bytes() == "\x1a\x03\x08\x96\x01"s);
  ProtobufWriter negative;
  negative.integer(1, -2);
  CHECK(negative.bytes() == "\x08\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"s);
}

TEST_CASE("protobuf writer: fields follow each other, repeated ones and empty ones too") {
  ProtobufWriter message;
  message.text(1, "");
  message.message(2, ProtobufWriter());
  message.integer(16, 0);  // the first number whose tag takes two bytes
  message.integer(16, 1);
  CHECK(message.bytes() == "\x0a\x00\x12\x00\x80\x01\x00\x80\x01\x01"s);
  CHECK(ProtobufWriter().bytes().empty());
}

TEST_CASE("protobuf writer: numbers and texts of every length are read back") {
  for (const int field : {1, 15, 16, 2047, 2048, (1 << 29) - 1})
    for (const int64_t value :
         {int64_t{0}, int64_t{127}, int64_t{128}, int64_t{16383}, int64_t{16384}, int64_t{1} << 62,
          int64_t{-1}, std::numeric_limits<int64_t>::max(), std::numeric_limits<int64_t>::min()}) {
      ProtobufWriter message;
      message.integer(field, value);
      const auto fields = read_protobuf(message.bytes());
      REQUIRE(fields.size() == 1);
      CHECK(fields[0].number == static_cast<uint64_t>(field));
      CHECK(fields[0].integer() == value);
    }
  for (const size_t size : {0u, 1u, 127u, 128u, 16384u}) {
    const std::string text(size, '\0');
    ProtobufWriter message;
    message.text(7, text);
    message.text(7, "after");
    const auto fields = read_protobuf(message.bytes());
    REQUIRE(fields.size() == 2);
    CHECK(fields[0].text() == text);
    CHECK(fields[1].text() == "after");
  }
}

TEST_CASE("protobuf writer: floats and doubles are little-endian, and are read back") {
  ProtobufWriter message;
  message.float32(2, 1.5F);
  message.float64(1, -0.1);
  CHECK(message.bytes() == "\x15\x00\x00\xc0\x3f\x09\x9a\x99\x99\x99\x99\x99\xb9\xbf"s);
  const auto fields = read_protobuf(message.bytes());
  REQUIRE(fields.size() == 2);
  CHECK(fields[0].real<float>() == 1.5F);
  CHECK(fields[1].real<double>() == -0.1);
}

TEST_CASE("protobuf writer: a field's number that the format does not have is refused") {
  ProtobufWriter message;
  CHECK_THROWS_AS(message.integer(0, 1), Error);
  CHECK_THROWS_AS(message.text(-1, ""), Error);
  CHECK_THROWS_AS(message.integer(1 << 29, 1), Error);
  CHECK(message.bytes().empty());
}

}  // namespace lanet::test
