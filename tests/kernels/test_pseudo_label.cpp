#include "kernels/pseudo_label.h"

#include "kernels/class_loss_cases.h"
#include "tests/op_test.h"

namespace lanet::test {
namespace {

/// The label of a single sample with this estimated distribution.
int label(const std::vector<double>& target, int sample, DType dtype, double threshold = 0.7) {
  Context context;
  OwnedTensor tensor({1, static_cast<int64_t>(target.size())}, dtype);
  tensor.fill([&](int64_t c) { return target[c]; });
  OwnedTensor samples({1}, DType::i32), labels({1}, DType::i32);
  samples.set(0, sample);
  pseudo_label(
      context,
      {.target = tensor, .sample_indices = samples, .labels = labels, .threshold = threshold});
  CHECK(labels.guards_intact());
  return static_cast<int>(labels.at(0));
}

}  // namespace

TEST_CASE("pseudo_label: a confident sample counts in its class, another in a class of its own") {
  for (const DType dtype : {DType::f32, DType::f64}) {
    CHECK(label({0.1, 0.1, 0.8}, 5, dtype) == 2);
    CHECK(label({0.1, 0.3, 0.6}, 5, dtype) == -6);
    CHECK(label({0.1, 0.3, 0.6}, 5, dtype, 0.5) == 2);
    CHECK(label({0.9, 0.05, 0.05}, 5, dtype) == 0);
  }
}

TEST_CASE("pseudo_label: exactly the threshold is confident, the next number below is not") {
  CHECK(label({0.7, 0.3}, 5, DType::f64) == 0);
  CHECK(label({std::nextafter(0.7, 0.0), 0.3}, 5, DType::f64) == -6);
  CHECK(label({0.7f, 0.3}, 5, DType::f32) == 0);  // although 0.7f < 0.7
  CHECK(label({std::nextafter(0.7f, 0.0f), 0.3}, 5, DType::f32) == -6);
}

TEST_CASE("pseudo_label: of equal classes the lowest counts") {
  for (const DType dtype : {DType::f32, DType::f64}) {
    CHECK(label({0.2, 0.4, 0.4}, 3, dtype, 0.4) == 1);
    CHECK(label({0.5, 0.5}, 3, dtype, 0.5) == 0);
  }
}

TEST_CASE("pseudo_label: an uncertain sample 0 does not meet class 0, nor the last one INT32_MIN") {
  CHECK(label({0.5, 0.5}, 0, DType::f32) == -1);
  const int last = std::numeric_limits<int>::max() - 2;
  CHECK(label({0.5, 0.5}, last, DType::f32) == std::numeric_limits<int>::min() + 2);
}

TEST_CASE("pseudo_label: a threshold that is not given is refused") {
  CHECK_THROWS_WITH_AS(label({0.5, 0.5}, 3, DType::f32, PseudoLabelArgs{}.threshold),
                       doctest::Contains("pseudo_label: threshold is not given"), Error);
}

TEST_CASE("pseudo_label: each row of a batch is judged alone") {
  Context context;
  for (const auto& c : kClassLossCases) {
    if (c.bench) continue;
    const auto target = OwnedTensor::random({c.batch, c.classes}, DType::f32, 1, 0, 1);
    OwnedTensor samples({c.batch}, DType::i32), labels({c.batch}, DType::i32);
    samples.fill([](int64_t i) { return 10 * i; });
    pseudo_label(context,
                 {.target = target, .sample_indices = samples, .labels = labels, .threshold = 0.7});
    CHECK(labels.guards_intact());
    for (int64_t i = 0; i < c.batch; ++i) {
      std::vector<double> row(c.classes);
      for (int64_t k = 0; k < c.classes; ++k) row[k] = target.at(i * c.classes + k);
      CHECK(labels.at(i) == label(row, static_cast<int>(10 * i), DType::f32));
    }
  }
}

}  // namespace lanet::test
