// Tables with a row a step on CUDA: they only copy, so every byte is compared.
#include "kernels/step_table.h"
#include "kernels/step_table_ref.h"
#include "tests/device_test.h"

namespace lanet::test {
namespace {

struct Table {
  Shape row;
  DType dtype;
};
constexpr int64_t kSteps = 3;

Shape table_shape(const Table& t) {
  return {kSteps, t.row.elements()};
}

/// Loads or stores at `position`, on the device and by the definition: all bytes must agree.
void check(const std::vector<Table>& tables, int position, bool load, int64_t shift) {
  Context context(Device::cuda);
  OwnedTensor at({1}, DType::i32);
  at.set(0, position);
  const OwnedTensor device_at(context, at);
  StepTableArgs device{.tables = {}, .position = device_at}, host{.tables = {}, .position = at};
  std::vector<OwnedTensor> host_tables, host_rows;
  std::vector<OwnedTensor> device_tables, device_rows;
  for (size_t i = 0; i < tables.size(); ++i) {
    auto numbers = [&](const Shape& shape, uint32_t seed) {
      return OwnedTensor::random(shape, DType::f32, seed, 0, 250).cast(tables[i].dtype);
    };
    host_tables.push_back(numbers(table_shape(tables[i]), 1));
    host_rows.push_back(numbers(tables[i].row, 2));
  }
  for (size_t i = 0; i < tables.size(); ++i) {
    device_tables.emplace_back(context, host_tables[i], shift);
    device_rows.emplace_back(context, host_rows[i], shift);
    device.tables[2 * i] = {device_tables[i], device_rows[i]};  // with absent ones between
    host.tables[2 * i] = {host_tables[i], host_rows[i]};
  }
  if (load) {
    step_table_load(context, device);
    step_table_load_ref(host);
  } else {
    step_table_store(context, device);
    step_table_store_ref(host);
  }
  for (size_t i = 0; i < tables.size(); ++i) {
    CAPTURE(i);
    CHECK(device_tables[i].download().bits_equal(host_tables[i]));
    CHECK(device_rows[i].download().bits_equal(host_rows[i]));
  }
}

}  // namespace

TEST_CASE("cuda: step_table loads and stores the step's row of every table, and nothing else") {
  if (skip_without_device()) return;
  const std::vector<Table> in_words = {{{12}, DType::i32}, {{300}, DType::f32}, {{3}, DType::f64}};
  const std::vector<Table> in_bytes = {{{7}, DType::u8}, {{300}, DType::bf16}, {{1}, DType::f64}};
  for (const bool load : {false, true}) {
    for (int position = 0; position < kSteps; ++position) {
      CAPTURE(load);
      CAPTURE(position);
      check(in_words, position, load, 0);
      check(in_bytes, position, load, 0);
      check({{{3}, DType::bf16}}, position, load, 0);
      check({{{8}, DType::u8}}, position, load, 1);
    }
  }
}

TEST_CASE("cuda: step_advance goes round") {
  if (skip_without_device()) return;
  Context context(Device::cuda);
  OwnedTensor start({1}, DType::i32);
  start.set(0, 1);
  const OwnedTensor position(context, start);
  for (const int expected : {2, 0, 1}) {
    step_advance(context, {.position = position, .steps = 3});
    CHECK(position.download().at(0) == expected);
  }
}

}  // namespace lanet::test
