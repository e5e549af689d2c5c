#include "kernels/memory_bank.h"

#include "kernels/memory_bank_cases.h"
#include "tests/op_test.h"

namespace lanet::test {
namespace {

constexpr int64_t kWidth = 3;

struct Bank {
  OwnedTensor expression, landmark, labels, pointer;

  Bank(int64_t rows, DType dtype, int start, int64_t width = kWidth)
      : expression(OwnedTensor::random({rows, width}, dtype, 1)),
        landmark(OwnedTensor::random({rows, width}, dtype, 2)),
        labels({rows}, DType::i32),
        pointer({1}, DType::i32) {
    labels.fill([](int64_t) { return -99; });
    pointer.set(0, start);
  }
  void enqueue(const OwnedTensor& keys_expression, const OwnedTensor& keys_landmark,
               const OwnedTensor& key_labels) {
    Context context;
    memory_bank_enqueue(context, {.keys_expression = keys_expression,
                                  .keys_landmark = keys_landmark,
                                  .labels = key_labels,
                                  .bank_expression = expression,
                                  .bank_landmark = landmark,
                                  .bank_labels = labels,
                                  .pointer = pointer});
    CHECK(expression.guards_intact());
    CHECK(landmark.guards_intact());
    CHECK(labels.guards_intact());
    CHECK(pointer.guards_intact());
  }
};

OwnedTensor numbered_labels(int64_t batch, int first) {
  OwnedTensor labels({batch}, DType::i32);
  labels.fill([&](int64_t i) { return first + i; });
  return labels;
}

}  // namespace

TEST_CASE("memory_bank: the ring wraps, and a bank need not be a multiple of the batch") {
  for (const auto& c : kMemoryBankCases) {
    if (c.bench) continue;
    Bank bank(c.rows, DType::f32, 0, c.width);
    const Bank before(c.rows, DType::f32, 0, c.width);
    std::vector<int64_t> expected(c.rows, -1);  // the key, counted over all batches, of each row
    for (int step = 0; step < 6; ++step) {
      auto keys = [&](int seed) {
        return OwnedTensor::random({c.batch, c.width}, DType::f32, seed + step);
      };
      bank.enqueue(keys(100), keys(200),
                   numbered_labels(c.batch, static_cast<int>(step * c.batch)));
      for (int64_t i = 0; i < c.batch; ++i) {
        const int64_t key = step * c.batch + i;
        expected[key % c.rows] = key;
      }
      CHECK(bank.pointer.at(0) == (step + 1) * c.batch % c.rows);
      for (int64_t row = 0; row < c.rows; ++row) {
        const int64_t key = expected[row];
        CHECK(bank.labels.at(row) == (key < 0 ? -99 : key));
        for (int64_t column = 0; column < c.width; ++column) {
          const int64_t to = row * c.width + column;
          auto from = [&](int64_t seed) {
            return OwnedTensor::random({c.batch, c.width}, DType::f32,
                                       static_cast<uint32_t>(seed + key / c.batch))
                .at(key % c.batch * c.width + column);
          };
          CHECK(bank.expression.at(to) == (key < 0 ? before.expression.at(to) : from(100)));
          CHECK(bank.landmark.at(to) == (key < 0 ? before.landmark.at(to) : from(200)));
        }
      }
    }
  }
}

TEST_CASE("memory_bank: a batch as large as the bank replaces every row") {
  Bank bank(4, DType::f64, 3);
  const auto keys = OwnedTensor::random({4, kWidth}, DType::f64, 5);
  bank.enqueue(keys, keys, numbered_labels(4, 0));
  CHECK(bank.pointer.at(0) == 3);
  const int order[] = {1, 2, 3, 0};
  for (int64_t row = 0; row < 4; ++row) {
    CHECK(bank.labels.at(row) == order[row]);
    CHECK(bank.landmark.at(row * kWidth) == keys.at(order[row] * kWidth));
  }
}

TEST_CASE("memory_bank: two equal labels are both stored") {
  Bank bank(5, DType::f32, 4);
  const auto keys = OwnedTensor::random({2, kWidth}, DType::f32, 5);
  OwnedTensor labels({2}, DType::i32);
  labels.fill([](int64_t) { return 6; });
  bank.enqueue(keys, keys, labels);
  CHECK(bank.labels.at(4) == 6);
  CHECK(bank.labels.at(0) == 6);
  CHECK(bank.labels.at(1) == -99);
}

TEST_CASE("memory_bank: a bf16 bank holds the keys rounded to nearest") {
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    Bank bank(5, DType::bf16, 4);
    const auto expression = OwnedTensor::random({2, kWidth}, dtype, 5),
               landmark = OwnedTensor::random({2, kWidth}, dtype, 6);
    bank.enqueue(expression, landmark, numbered_labels(2, 0));
    const auto rounded = expression.cast(DType::bf16),
               rounded_landmark = landmark.cast(DType::bf16);
    for (int64_t c = 0; c < kWidth; ++c) {
      CHECK(bank.expression.at(4 * kWidth + c) == rounded.at(c));
      CHECK(bank.expression.at(c) == rounded.at(kWidth + c));
      CHECK(bank.landmark.at(4 * kWidth + c) == rounded_landmark.at(c));
    }
  }
}

TEST_CASE("memory_bank: a batch larger than the bank and a pointer outside it are refused") {
  Bank bank(3, DType::f32, 0);
  const auto keys = OwnedTensor::random({4, kWidth}, DType::f32, 5);
  CHECK_THROWS_WITH_AS(bank.enqueue(keys, keys, numbered_labels(4, 0)),
                       doctest::Contains("4 keys for a bank of 3 rows"), Error);
  Bank lost(5, DType::f32, 5);
  CHECK_THROWS_WITH_AS(lost.enqueue(keys, keys, numbered_labels(4, 0)),
                       doctest::Contains("the pointer is 5 in a bank of 5 rows"), Error);
}

}  // namespace lanet::test
