#include "kernels/knn.h"

#include <algorithm>
#include <numeric>

#include "kernels/knn_cases.h"
#include "tests/op_test.h"

namespace lanet::test {
namespace {

OwnedTensor run(const OwnedTensor& features, int64_t k, const RowRange& range) {
  Context context;
  const Shape shape = features.shape();
  context.reserve_workspace(knn_workspace_bytes(shape[0], shape[1], features.dtype()));
  OwnedTensor indices({range.count, k}, DType::i32);
  knn(context, {.features = features, .indices = indices, .k = k, .first_row = range.first});
  CHECK(indices.guards_intact());
  return indices;
}

OwnedTensor run(const OwnedTensor& features, int64_t k) {
  return run(features, k, {0, features.shape()[0]});
}

}  // namespace

TEST_CASE("knn: f32 and bf16 choose what the double definition chooses, twice the same") {
  for (const DType dtype : {DType::f32, DType::bf16}) {
    for (const auto& c : kKnnCases) {
      if (c.bench) continue;
      CAPTURE(c.n);
      CAPTURE(c.d);
      const auto features = OwnedTensor::random({c.n, c.d}, dtype, 1);
      const auto indices = run(features, c.k);
      CHECK(indices.bits_equal(run(features.cast(DType::f64), c.k)));
      CHECK(indices.bits_equal(run(features, c.k)));
    }
  }
}

TEST_CASE("knn: a range of rows gives those rows of a call over all") {
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    for (const auto& c : kKnnCases) {
      if (c.n < 3 || (c.bench && c.d != 64)) continue;
      CAPTURE(dtype);
      CAPTURE(c.n);
      const auto features = OwnedTensor::random({c.n, c.d}, dtype, 1);
      const auto all = run(features, c.k);
      for (const RowRange& range : split_rows(c.n))
        CHECK(run(features, c.k, range).bits_equal(all.rows(range)));
    }
  }
}

TEST_CASE("knn: the definition sorts by similarity, without the sample itself") {
  // Angles in degrees: the neighbours of 0° in order are 10°, −20°, 45°.
  const double degrees[] = {45, 0, -20, 180, 10};
  OwnedTensor features({5, 2}, DType::f64);
  for (int64_t i = 0; i < 5; ++i) {
    const double length = 1 + i;  // which the similarity does not see
    features.set(2 * i, length * std::cos(degrees[i] * M_PI / 180));
    features.set(2 * i + 1, length * std::sin(degrees[i] * M_PI / 180));
  }
  const auto indices = run(features, 3);
  CHECK(indices.at(3) == 4);
  CHECK(indices.at(4) == 2);
  CHECK(indices.at(5) == 0);
}

TEST_CASE("knn: of equal similarities the lower index comes first, in every dtype") {
  // 37 rows that are copies of 4 different ones, each wider than a vector and not a multiple of it.
  constexpr int64_t n = 37, d = 21, k = 20;
  auto original = [](int64_t row) { return row * row % 4 + row % 3 / 2; };  // 0, 1 or 2
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    const auto originals = OwnedTensor::random({4, d}, dtype, 1);
    OwnedTensor features({n, d}, dtype);
    features.fill([&](int64_t e) { return originals.at(original(e / d) * d + e % d); });
    auto similarity = [&](int64_t i, int64_t j) {
      if (original(i) == original(j)) return 1.0;
      double ij = 0, ii = 0, jj = 0;
      for (int64_t c = 0; c < d; ++c) {
        const double x = originals.at(original(i) * d + c), y = originals.at(original(j) * d + c);
        ij += x * y, ii += x * x, jj += y * y;
      }
      return ij / std::sqrt(ii * jj);
    };
    const auto indices = run(features, k);
    for (int64_t i = 0; i < n; ++i) {
      std::vector<int64_t> order(n);
      std::iota(order.begin(), order.end(), 0);
      order.erase(order.begin() + i);
      std::stable_sort(order.begin(), order.end(),
                       [&](int64_t a, int64_t b) { return similarity(i, a) > similarity(i, b); });
      for (int64_t place = 0; place < k; ++place)
        REQUIRE(indices.at(i * k + place) == order[place]);
    }
  }
}

TEST_CASE("knn: a row below the norm floor counts with its own length, a zero row with none") {
  for (const DType dtype : {DType::f32, DType::f64}) {
    OwnedTensor features({4, 2}, dtype);
    const double values[] = {1, 0, /*0.1 long once divided by 1e-12*/ 1e-13, 0, 0.5, 0.8, 0, 0};
    features.fill([&](int64_t e) { return values[e]; });
    const auto indices = run(features, 3);
    CHECK(indices.at(0) == 2);
    CHECK(indices.at(1) == 1);
    CHECK(indices.at(2) == 3);
  }
}

TEST_CASE("knn: a number of neighbours that is not given is refused") {
  Context context;
  OwnedTensor features({4, 3}, DType::f32), indices({4, 3}, DType::i32);
  CHECK_THROWS_WITH_AS(knn(context, {.features = features, .indices = indices}),
                       doctest::Contains("knn: k is 0; expected 1 or more"), Error);
}

TEST_CASE("knn: more neighbours than other rows are refused") {
  Context context;
  OwnedTensor features({4, 3}, DType::f32), indices({4, 4}, DType::i32);
  CHECK_THROWS_WITH_AS(knn(context, {.features = features, .indices = indices, .k = 4}),
                       doctest::Contains("4 neighbours of 4 rows"), Error);
}

TEST_CASE("knn: rows that the features do not have are refused") {
  const auto features = OwnedTensor::random({5, 3}, DType::f32, 1);
  CHECK_THROWS_WITH_AS(run(features, 2, {3, 3}),
                       doctest::Contains("3 rows from row 3 on, out of 5"), Error);
  CHECK_THROWS_WITH_AS(run(features, 2, {-1, 3}),
                       doctest::Contains("3 rows from row -1 on, out of 5"), Error);
}

}  // namespace lanet::test
