#include "kernels/step_table.h"

#include "tests/op_test.h"

namespace lanet::test {
namespace {

OwnedTensor counted(const Shape& shape, DType dtype) {
  OwnedTensor tensor(shape, dtype);
  tensor.fill([](int64_t i) { return static_cast<double>(i % 100); });
  return tensor;
}
OwnedTensor at_position(int position) {
  OwnedTensor tensor({1}, DType::i32);
  tensor.set(0, position);
  return tensor;
}

}  // namespace

TEST_CASE("step_table: each row is the step's own, and nothing around it changes") {
  Context context;
  for (const DType dtype : {DType::f32, DType::f64, DType::bf16, DType::i32, DType::u8}) {
    const OwnedTensor table = counted({4, 3, 5}, dtype), position = at_position(2);
    const OwnedTensor row({3, 5}, dtype);
    step_table_load(context, {.tables = {{{table, row}}}, .position = position});
    CHECK(row.guards_intact());
    for (int64_t i = 0; i < 15; ++i) CHECK(row.at(i) == table.at(2 * 15 + i));

    const OwnedTensor out({4, 3, 5}, dtype), before = out;
    step_table_store(context, {.tables = {{{out, row}}}, .position = position});
    CHECK(out.guards_intact());
    OwnedTensor expected = before;
    for (int64_t i = 0; i < 15; ++i) expected.set(2 * 15 + i, row.at(i));
    CHECK(out.bits_equal(expected));
  }
}

TEST_CASE("step_table: several tables at once, absent ones passed over") {
  Context context;
  const OwnedTensor a = counted({3, 2}, DType::f64), b = counted({3}, DType::u8),
                    position = at_position(1), row_a({2}, DType::f64), row_b({1}, DType::u8);
  step_table_load(context, {.tables = {{{a, row_a}, {}, {b, row_b}}}, .position = position});
  CHECK(row_a.at(1) == a.at(3));
  CHECK(row_b.at(0) == b.at(1));
}

TEST_CASE("step_table: a row of another size and a position outside are refused") {
  Context context;
  const OwnedTensor table = counted({3, 2}, DType::f32), row({3}, DType::f32),
                    right({2}, DType::f32);
  CHECK_THROWS_AS(
      step_table_load(context, {.tables = {{{table, row}}}, .position = at_position(0)}), Error);
  for (const int outside : {-1, 3})
    CHECK_THROWS_AS(
        step_table_store(context, {.tables = {{{table, right}}}, .position = at_position(outside)}),
        Error);
}

TEST_CASE("step_advance: behind the last step comes the first") {
  Context context;
  const OwnedTensor position = at_position(0);
  for (const int expected : {1, 2, 0, 1}) {
    step_advance(context, {.position = position, .steps = 3});
    CHECK(position.at(0) == expected);
  }
}

}  // namespace lanet::test
