#include "kernels/count_correct.h"

#include "tests/op_test.h"

namespace lanet::test {
namespace {

int correct(const std::vector<std::vector<double>>& rows, const std::vector<int>& labels,
            DType dtype) {
  Context context;
  const int64_t batch = static_cast<int64_t>(rows.size());
  const int64_t classes = static_cast<int64_t>(rows[0].size());
  OwnedTensor logits({batch, classes}, dtype), given({batch}, DType::i32), count({1}, DType::i32);
  logits.fill([&](int64_t i) { return rows[i / classes][i % classes]; });
  given.fill([&](int64_t i) { return labels[i]; });
  count_correct(context, {.logits = logits, .labels = given, .correct = count});
  CHECK(count.guards_intact());
  return static_cast<int>(count.at(0));
}

}  // namespace

TEST_CASE("count_correct: counts the rows whose largest logit is the label's") {
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    CHECK(correct({{1, 2, 3}, {3, 1, 2}, {-3, -1, -2}}, {2, 0, 1}, dtype) == 3);
    CHECK(correct({{1, 2, 3}, {3, 1, 2}, {-3, -1, -2}}, {2, 1, 0}, dtype) == 1);
    CHECK(correct({{5}}, {0}, dtype) == 1);
  }
}

TEST_CASE("count_correct: of equal logits the lowest class counts") {
  CHECK(correct({{2, 2, 1}, {1, 2, 2}}, {0, 1}, DType::f32) == 2);
  CHECK(correct({{2, 2, 1}, {1, 2, 2}}, {1, 2}, DType::f32) == 0);
}

}  // namespace lanet::test
