// Parts of tensors and sizes that are rounded.
#include "core/tensor.h"

#include <doctest/doctest.h>

#include "core/round_up.h"

namespace lanet::test {

TEST_CASE("tensor: rows are a view of the same memory, of any rank and dtype") {
  float values[24] = {};
  const Tensor image{values, {2, 3, 2, 2}};
  const Tensor second = image.rows(1, 1);
  CHECK(second.shape == Shape{1, 3, 2, 2});
  CHECK(second.data == values + 12);
  CHECK(second.dtype == DType::f32);

  const Tensor bytes{values, {8, 3}, DType::u8, Device::cuda};
  CHECK(bytes.rows(2, 5).shape == Shape{5, 3});
  CHECK(bytes.rows(2, 5).data == reinterpret_cast<std::byte*>(values) + 6);
  CHECK(bytes.rows(2, 5).device == Device::cuda);

  const Tensor vector{values, {24}};
  CHECK(vector.rows(0, 24).shape == vector.shape);
  CHECK(vector.rows(24, 0).elements() == 0);
}

TEST_CASE("tensor: rows that are not there are refused") {
  float values[6] = {};
  const Tensor matrix{values, {3, 2}};
  CHECK_THROWS_WITH_AS(matrix.rows(2, 2), doctest::Contains("2 rows from row 2 on, of [3, 2]"),
                       Error);
  CHECK_THROWS_AS(matrix.rows(-1, 1), Error);
  CHECK_THROWS_AS(matrix.rows(0, -1), Error);
  CHECK_THROWS_AS(Tensor{}.rows(0, 0), Error);
}

TEST_CASE("round_up: the least multiple that is not less") {
  CHECK(round_up(size_t{0}, 64) == 0);
  CHECK(round_up(size_t{1}, 64) == 64);
  CHECK(round_up(size_t{64}, 64) == 64);
  CHECK(round_up(int64_t{65}, 64) == 128);
}

}  // namespace lanet::test
