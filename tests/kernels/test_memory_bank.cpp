#include "kernels/memory_bank_cases.h"
#include "tests/op_test.h"

namespace lanet::test {
namespace {

using Tensors = MemoryBankTensors;

constexpr int64_t kWidth = 3;

void enqueue(Tensors& t) {
  Context context;
  memory_bank_enqueue(context, t.args());
  for (const OwnedTensor* tensor : t.all()) CHECK(tensor->guards_intact());
}

}  // namespace

TEST_CASE("memory_bank: the ring wraps, and a bank need not be a multiple of the batch") {
  for (const auto& c : kMemoryBankCases) {
    if (c.bench) continue;
    Tensors t(c, DType::f32, DType::f32, 0), expected = t;
    for (int step = 0; step < 6; ++step) {
      t.set_keys(step, DType::f32);
      for (int64_t i = 0; i < c.batch; ++i) {
        const int64_t row = (step * c.batch + i) % c.rows;
        expected.bank_labels.set(row, static_cast<double>(step * c.batch + i));
        for (int64_t from = i * c.width, to = row * c.width; from < (i + 1) * c.width;
             ++from, ++to) {
          expected.bank_expression.set(to, t.keys_expression.at(from));
          expected.bank_landmark.set(to, t.keys_landmark.at(from));
        }
      }
      enqueue(t);
      CHECK(t.pointer.at(0) == (step + 1) * c.batch % c.rows);
      CHECK(t.bank_labels.bits_equal(expected.bank_labels));
      CHECK(t.bank_expression.bits_equal(expected.bank_expression));
      CHECK(t.bank_landmark.bits_equal(expected.bank_landmark));
    }
  }
}

TEST_CASE("memory_bank: a batch as large as the bank replaces every row") {
  Tensors t({4, 4, kWidth}, DType::f64, DType::f64, 3);
  enqueue(t);
  CHECK(t.pointer.at(0) == 3);
  const int order[] = {1, 2, 3, 0};
  for (int64_t row = 0; row < 4; ++row) {
    CHECK(t.bank_labels.at(row) == order[row]);
    CHECK(t.bank_landmark.at(row * kWidth) == t.keys_landmark.at(order[row] * kWidth));
  }
}

TEST_CASE("memory_bank: two equal labels are both stored") {
  Tensors t({2, 5, kWidth}, DType::f32, DType::f32, 4);
  t.labels.fill([](int64_t) { return 6; });
  enqueue(t);
  CHECK(t.bank_labels.at(4) == 6);
  CHECK(t.bank_labels.at(0) == 6);
  CHECK(t.bank_labels.at(1) == -99);
}

TEST_CASE("memory_bank: a bf16 bank holds the keys rounded to nearest") {
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    Tensors t({2, 5, kWidth}, dtype, DType::bf16, 4);
    enqueue(t);
    const auto rounded = t.keys_expression.cast(DType::bf16),
               rounded_landmark = t.keys_landmark.cast(DType::bf16);
    for (int64_t c = 0; c < kWidth; ++c) {
      CHECK(t.bank_expression.at(4 * kWidth + c) == rounded.at(c));
      CHECK(t.bank_expression.at(c) == rounded.at(kWidth + c));
      CHECK(t.bank_landmark.at(4 * kWidth + c) == rounded_landmark.at(c));
    }
  }
}

TEST_CASE("memory_bank: a batch larger than the bank and a pointer outside it are refused") {
  Tensors large({4, 3, kWidth}, DType::f32, DType::f32, 0);
  CHECK_THROWS_WITH_AS(enqueue(large), doctest::Contains("4 keys for a bank of 3 rows"), Error);
  Tensors lost({4, 5, kWidth}, DType::f32, DType::f32, 5);
  CHECK_THROWS_WITH_AS(enqueue(lost), doctest::Contains("the pointer is 5 in a bank of 5 rows"),
                       Error);
}

}  // namespace lanet::test
