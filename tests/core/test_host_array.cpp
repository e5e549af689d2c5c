#include <doctest/doctest.h>

#include <cmath>

#include "core/files/host_array.h"

namespace lanet::test {

TEST_CASE("host_array: half precision becomes the float it stands for") {
  CHECK(half_to_float(0x0000) == 0.0f);
  CHECK(std::signbit(half_to_float(0x8000)));
  CHECK(half_to_float(0x0001) == 0x1p-24f);
  CHECK(half_to_float(0x03FF) == 1023 * 0x1p-24f);
  CHECK(half_to_float(0x0400) == 0x1p-14f);
  CHECK(half_to_float(0x3C00) == 1.0f);
  CHECK(half_to_float(0xC100) == -2.5f);
  CHECK(half_to_float(0x7BFF) == 65504.0f);
  CHECK(half_to_float(0xFC00) == -INFINITY);
  CHECK(std::isnan(half_to_float(0x7E00)));
}

TEST_CASE("host_array: elements convert between all types") {
  const float values[] = {0.0f, 1.0f, 200.0f};
  const auto array = HostArray::from<float>({3}, values);
  CHECK(array.to<double>() == std::vector<double>{0, 1, 200});
  CHECK(array.to<uint8_t>() == std::vector<uint8_t>{0, 1, 200});
  CHECK(array.to<int64_t>() == std::vector<int64_t>{0, 1, 200});
  CHECK(static_cast<float>(array.to<bfloat16>()[2]) == 200.0f);
  const auto bytes = HostArray::from<uint8_t>({1, 3}, array.to<uint8_t>());
  CHECK(bytes.to<float>() == array.to<float>());
  CHECK(bytes.at(2) == 200.0);
  const bfloat16 small[] = {bfloat16(-0.5f)};
  CHECK(HostArray::from<bfloat16>({}, small).at(0) == -0.5);
  CHECK_THROWS_AS(array.at(3), Error);
}

TEST_CASE("host_array: what is no whole number within range does not become an integer") {
  auto one = [](double value) {
    return HostArray::from<double>({1}, std::span<const double>(&value, 1));
  };
  CHECK(one(0x1p31 - 1).to<int32_t>()[0] == INT32_MAX);
  CHECK(one(-0x1p31).to<int32_t>()[0] == INT32_MIN);
  CHECK(one(-0x1p63).to<int64_t>()[0] == INT64_MIN);
  for (const double value : {0.5, std::nan(""), HUGE_VAL, 0x1p63, -0x1.1p63})
    CHECK_THROWS_AS(one(value).to<int64_t>(), Error);
  CHECK_THROWS_WITH_AS(one(256).to<uint8_t>(),
                       "256 where a whole number in the range of u8 is needed", Error);
  const int64_t wide[] = {int64_t{1} << 31};
  CHECK_THROWS_AS(HostArray::from<int64_t>({1}, wide).to<int32_t>(), Error);
  CHECK(HostArray::from<int64_t>({1}, wide).to<int64_t>()[0] == wide[0]);
}

TEST_CASE("host_array: sizes that do not fit are refused, and a zero makes any array empty") {
  int64_t bytes = -1;
  CHECK(bytes_of({3, 0, 5}, 4, bytes));
  CHECK(bytes == 0);
  CHECK(bytes_of({}, 8, bytes));
  CHECK(bytes == 8);
  CHECK_FALSE(bytes_of({-1}, 4, bytes));
  CHECK_FALSE(bytes_of({int64_t{1} << 61}, 4, bytes));
  CHECK_FALSE(bytes_of({1, 1, 1, 1, 1, 1, 1, 1, 1}, 4, bytes));
  CHECK_THROWS_AS(HostArray({-1}, HostDType::f32), Error);
}

}  // namespace lanet::test
