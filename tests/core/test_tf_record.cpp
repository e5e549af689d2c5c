// Checksums that RFC 3720 has, and records taken apart again.
#include "core/files/tf_record.h"

#include <doctest/doctest.h>

#include <numeric>

#include "tests/tf_record_reader.h"

namespace lanet::test {

using namespace std::string_literals;

TEST_CASE("tf record: CRC-32C of the vectors of RFC 3720, B.4") {
  std::string ascending(32, '\0');
  std::iota(ascending.begin(), ascending.end(), '\0');
  const std::string descending(ascending.rbegin(), ascending.rend());
  CHECK(crc32c(std::string(32, '\0')) == 0x8A9136AA);
  CHECK(crc32c(std::string(32, '\xFF')) == 0x62A8AB43);
  CHECK(crc32c(ascending) == 0x46DD794E);
  CHECK(crc32c(descending) == 0x113FDB5C);
  CHECK(crc32c("123456789") == 0xE3069283);
  CHECK(crc32c("") == 0);
}

TEST_CASE("tf record: the bytes that TensorFlow writes for the version of an event file") {
  // Event{wall_time: 1, file_version: "brain.Event:2"}, as tensorboard 2.21 writes it.
  const std::string event = "\x09\x00\x00\x00\x00\x00\x00\xf0\x3f\x1a\x0d"s + "brain.Event:2";
  CHECK(tf_record(event) ==
        "\x18\x00\x00\x00\x00\x00\x00\x00\xa3\x7f\x4b\x22"s + event + "\x86\xbf\x57\x7a"s);
}

TEST_CASE("tf record: records are read back one after the other, and damage is noticed") {
  const std::string large(70000, 'x');
  const std::string file = tf_record("") + tf_record("a\0b"s) + tf_record(large);
  CHECK(read_tf_records(file) == std::vector<std::string>{"", "a\0b"s, large});
  for (const size_t place : {0u, 9u, 14u, 20u, 30u}) {
    CAPTURE(place);
    std::string damaged = file;
    damaged[place] ^= 1;
    CHECK_THROWS(read_tf_records(damaged));
  }
  CHECK_THROWS(read_tf_records(file.substr(0, file.size() - 1)));
}

}  // namespace lanet::test
