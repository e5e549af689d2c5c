// The CUDA kernel of knn against the definition in double, from the CPU tests' cases.
#include "kernels/knn.h"
#include "kernels/knn_cases.h"
#include "kernels/knn_ref.h"
#include "tests/device_test.h"

namespace lanet::test {
namespace {

OwnedTensor on_device(const OwnedTensor& features, int64_t k, const RowRange& range) {
  Context context(Device::cuda);
  const OwnedTensor x(context, features),
      indices(context, OwnedTensor({range.count, k}, DType::i32));
  knn(context, {.features = x, .indices = indices, .k = k, .first_row = range.first});
  return indices.download();
}

OwnedTensor on_device(const OwnedTensor& features, int64_t k) {
  return on_device(features, k, {0, features.shape()[0]});
}

OwnedTensor exactly(const OwnedTensor& features, int64_t k) {
  const int64_t n = features.shape()[0];
  const OwnedTensor x = features.cast(DType::f64);
  OwnedTensor indices({n, k}, DType::i32), scratch({n}, DType::f64);
  knn_ref<double>({.features = x, .indices = indices, .k = k}, scratch.tensor().as<double>());
  return indices;
}

}  // namespace

TEST_CASE("cuda: knn chooses what the double definition chooses, twice the same") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    for (const auto& c : kKnnCases) {
      if (c.bench) continue;
      CAPTURE(to_string(dtype));
      CAPTURE(c.n);
      CAPTURE(c.d);
      const auto features = OwnedTensor::random({c.n, c.d}, dtype, 1);
      const auto indices = on_device(features, c.k);
      CHECK(indices.bits_equal(exactly(features, c.k)));
      CHECK(indices.bits_equal(on_device(features, c.k)));
    }
  }
}

TEST_CASE("cuda: knn: a range of rows gives those rows of a call over all") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    for (const auto& c : kKnnCases) {
      if (c.n < 3 || c.bench) continue;
      CAPTURE(to_string(dtype));
      CAPTURE(c.n);
      const auto features = OwnedTensor::random({c.n, c.d}, dtype, 1);
      const auto all = exactly(features, c.k);
      for (const RowRange& range : split_rows(c.n))
        CHECK(on_device(features, c.k, range).bits_equal(all.rows(range)));
    }
  }
}

TEST_CASE("cuda: knn: of equal similarities the lower index comes first") {
  if (skip_without_device()) return;
  // 37 rows that are copies of three; the widths take both ways of reading a row.
  constexpr int64_t n = 37, k = 20;
  auto original = [](int64_t row) { return row * row % 4 + row % 3 / 2; };  // 0, 1 or 2
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    for (const int64_t d : {21, 72}) {
      CAPTURE(to_string(dtype));
      CAPTURE(d);
      const auto originals = OwnedTensor::random({3, d}, dtype, 1);
      OwnedTensor features({n, d}, dtype);
      features.fill([&](int64_t e) { return originals.at(original(e / d) * d + e % d); });
      CHECK(on_device(features, k).bits_equal(exactly(features, k)));
    }
  }
}

TEST_CASE(
    "cuda: knn: rows below the norm floor, zero rows and rows of NaN have neighbours in range") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::f64}) {
    OwnedTensor features({5, 2}, dtype);
    const double values[] = {1,   0, /*0.1 long once divided by 1e-12*/ 1e-13, 0, 0.5, 0.8, 0, 0,
                             NAN, 0};
    features.fill([&](int64_t e) { return values[e]; });
    const auto indices = on_device(features, 4);
    const int first[] = {2, 1, 3, 4}, of_nan[] = {0, 1, 2, 3};
    for (int place = 0; place < 4; ++place) {
      CHECK(indices.at(place) == first[place]);
      CHECK(indices.at(4 * 4 + place) == of_nan[place]);
    }
  }
}

}  // namespace lanet::test
