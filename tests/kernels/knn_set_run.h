// Inputs, runs and comparisons of knn_set, on the CPU and on a device.
#pragma once

#include <algorithm>
#include <set>

#include "kernels/knn_set_cases.h"
#include "kernels/knn_set_ref.h"
#include "tests/device_test.h"

namespace lanet::test {

/// KnnSetTensors of the host, where the queries are the rows of the set that they claim to be.
struct KnnSetInputs : KnnSetTensors {
  KnnSetInputs(const KnnSetCase& c, DType dtype) : KnnSetTensors(c, dtype) {
    for (int64_t i = 0; i < c.queries; i += 2)
      for (int64_t e = 0; e < c.d; ++e) queries.set(i * c.d + e, set.at(i * 5 % c.n * c.d + e));
  }
  /// Whole numbers, of which float32 knows every distance exactly, and many are equal.
  void make_whole() {
    for (OwnedTensor* tensor : {&queries, &mirrored, &set})
      tensor->fill([&](int64_t i) { return std::round(2 * tensor->at(i)); });
  }
};

struct KnnSetFound {
  OwnedTensor indices, distances;

  bool bits_equal(const KnnSetFound& other) const {
    return indices.bits_equal(other.indices) && distances.bits_equal(other.distances);
  }
};

/// The neighbours of a range of the queries.
inline KnnSetFound run_knn_set(Device device, KnnSetTensors t, const RowRange& range,
                               int threads = 0) {
  Context context(device, threads);
  for (OwnedTensor* tensor : {&t.queries, &t.mirrored, &t.positions, &t.indices, &t.distances})
    *tensor = tensor->rows(range);
  context.reserve_workspace(t.workspace_bytes(context));
  upload_shifted(context, t, {&t.queries, &t.mirrored, &t.set, &t.positions}, 1);
  knn_set(context, t.args());
  return {t.indices.download(), t.distances.download()};
}
inline KnnSetFound run_knn_set(Device device, const KnnSetInputs& in, int threads = 0) {
  return run_knn_set(device, in, {0, in.num_queries()}, threads);
}

/// What the definition finds in double, of inputs as they are.
inline KnnSetFound exact_knn_set(const KnnSetInputs& in) {
  const KnnSetTensors t = cast_all<KnnSetTensors>(in, DType::f64);
  std::vector<double> scratch(static_cast<size_t>(in.n()));
  knn_set_ref<double>(t.args(), scratch.data());
  return {t.indices, t.distances};
}

/// Squared distance of query i from row j, in double, in the nearer orientation.
inline double exact_distance(const KnnSetInputs& in, int64_t i, int64_t j) {
  double straight = 0, turned = 0;
  for (int64_t c = 0; c < in.d(); ++c) {
    const double y = in.set.at(j * in.d() + c);
    straight += std::pow(in.queries.at(i * in.d() + c) - y, 2);
    turned += std::pow(in.mirrored.at(i * in.d() + c) - y, 2);
  }
  return in.two_orientations ? std::min(straight, turned) : straight;
}

/// What float32 may be wrong by: (‖x‖ + ‖s‖)² of the longest rows, times a few ulp.
inline double knn_set_bound(const KnnSetInputs& in, double factor) {
  const auto longest = [&](const OwnedTensor& rows) {
    double squares = 0;
    for (int64_t i = 0; i < rows.shape()[0]; ++i) {
      double sum = 0;
      for (int64_t c = 0; c < in.d(); ++c) sum += std::pow(rows.at(i * in.d() + c), 2);
      squares = std::max(squares, sum);
    }
    return std::sqrt(squares);
  };
  return rounding_bound(DType::f32, in.d(), factor) *
         std::pow(std::max(longest(in.queries), longest(in.mirrored)) + longest(in.set), 2);
}

/// Place for place the distances are the definition's, within rounding, and so is the distance of
/// each row that was chosen; every row at most once, none invalid, none the query itself.
inline void check_knn_set_against_definition(Device device, const KnnSetInputs& in) {
  const KnnSetFound found = run_knn_set(device, in), exact = exact_knn_set(in);
  const double bound = knn_set_bound(in, 0.5);
  double worst = 0;
  for (int64_t i = 0; i < in.num_queries(); ++i) {
    std::set<int64_t> chosen;
    for (int64_t place = i * in.k(); place < (i + 1) * in.k(); ++place) {
      const double distance = found.distances.at(place);
      const auto row = static_cast<int64_t>(found.indices.at(place));
      REQUIRE((row < 0) == (exact.indices.at(place) < 0));
      if (row < 0) {
        CHECK(row == -1);
        CHECK(distance == std::numeric_limits<double>::infinity());
        continue;
      }
      REQUIRE(row < in.n());
      CHECK(chosen.insert(row).second);
      CHECK(in.valid.at(row) != 0);
      CHECK(row != in.positions.at(i));
      CHECK((place == i * in.k() || found.distances.at(place - 1) <= distance));
      worst = std::max({worst, std::abs(distance - exact.distances.at(place)),
                        std::abs(distance - exact_distance(in, i, row))});
    }
  }
  CAPTURE(worst / bound);
  CHECK(worst < bound);
}

inline void check_knn_set_cases(Device device) {
  for (const auto& c : kKnnSetCases) {
    if (c.bench) continue;
    CAPTURE(c.n);
    CAPTURE(c.d);
    KnnSetInputs in(c, DType::f32);
    check_knn_set_against_definition(device, in);
    CHECK(run_knn_set(device, in).bits_equal(run_knn_set(device, in)));
    in.make_whole();
    const KnnSetFound exact = exact_knn_set(in), found = run_knn_set(device, in);
    CHECK(found.indices.bits_equal(exact.indices));
    CHECK(found.distances.bits_equal(exact.distances.cast(DType::f32)));
  }
}

inline void check_knn_set_parts(Device device) {
  for (const auto& c : kKnnSetCases) {
    if (c.queries < 3 || c.bench) continue;
    CAPTURE(c.n);
    const KnnSetInputs in(c, DType::f32);
    const KnnSetFound all = run_knn_set(device, in);
    for (const RowRange& range : split_rows(c.queries)) {
      const KnnSetFound part = run_knn_set(device, in, range);
      CHECK(part.indices.bits_equal(all.indices.rows(range)));
      CHECK(part.distances.bits_equal(all.distances.rows(range)));
    }
  }
}

/// Rows that are copies of five: all that are equal are equally near, and the lower index is first.
/// The query is one of them, 0 from its copies.
inline void check_knn_set_equal_rows(Device device) {
  for (const int64_t d : {7, 38, 64}) {
    CAPTURE(d);
    KnnSetInputs in({.queries = 20, .n = 333, .d = d, .k = 100}, DType::f32);
    const auto originals = OwnedTensor::random({5, d}, DType::f32, 4);
    const auto original = [](int64_t row) { return row * row % 11 % 5; };
    in.set.fill([&](int64_t e) { return originals.at(original(e / d) * d + e % d); });
    in.queries.fill([&](int64_t e) { return originals.at(e / d % 5 * d + e % d); });
    in.positions.fill([](int64_t) { return -1; });
    const KnnSetFound found = run_knn_set(device, in);
    for (int64_t i = 0; i < 20; ++i) {
      for (int64_t place = i * 100; place < (i + 1) * 100; ++place) {
        const auto row = static_cast<int64_t>(found.indices.at(place));
        REQUIRE((row >= 0 && row < 333));
        CHECK((original(row) == i % 5) == (found.distances.at(place) == 0));
        if (place == i * 100) continue;
        const auto before = static_cast<int64_t>(found.indices.at(place - 1));
        const bool equal = original(row) == original(before);
        CHECK(equal == (found.distances.at(place) == found.distances.at(place - 1)));
        if (equal) CHECK(before < row);
      }
    }
  }
}

/// Rows that come in the order of their distances, the nearest first or last: each is in its place
/// at once, or moves through all of them. One of the nearest is not valid.
inline void check_knn_set_sorted_rows(Device device) {
  for (const int64_t k : {31, 32, 33, 64, 65, 127, 128}) {
    CAPTURE(k);
    KnnSetInputs in({.queries = 2, .n = 300, .d = 1, .k = k}, DType::f32);
    in.queries.fill([](int64_t i) { return 299 * i; });
    in.set.fill([](int64_t j) { return j; });
    in.positions.fill([](int64_t) { return -1; });
    in.valid.fill([](int64_t j) { return j != 5; });
    const KnnSetFound found = run_knn_set(device, in);
    for (int64_t place = 0; place < k; ++place) {
      const int64_t row = place + (place >= 5);
      CHECK(found.indices.at(place) == row);
      CHECK(found.distances.at(place) == row * row);
      CHECK(found.indices.at(k + place) == 299 - place);
      CHECK(found.distances.at(k + place) == place * place);
    }
  }
}

/// Rows that nearly are the query, all of which it gets: where rounding makes a distance negative,
/// it is 0.
inline void check_knn_set_nearly_equal_rows(Device device) {
  KnnSetInputs in({.queries = 6, .n = 100, .d = 24, .k = 100}, DType::f32);
  in.set.fill([&](int64_t e) { return in.queries.at(e % 24) + 1e-5 * in.set.at(e); });
  in.queries.fill([&](int64_t e) { return in.queries.at(e % 24); });
  in.positions.fill([](int64_t) { return -1; });
  in.valid.fill([](int64_t) { return 1; });
  check_knn_set_against_definition(device, in);
  const KnnSetFound found = run_knn_set(device, in);
  int64_t zeros = 0;
  for (int64_t place = 0; place < 6 * 100; ++place) {
    const auto row = static_cast<int64_t>(found.indices.at(place));
    zeros += found.distances.at(place) == 0 && exact_distance(in, place / 100, row) > 0;
  }
  CHECK(zeros > 60);
}

/// A query or a row of the set with NaN or infinity in it has no neighbours, and is nobody's; a
/// query of which one orientation has them is compared in the other.
inline void check_knn_set_not_finite(Device device) {
  KnnSetInputs in({.queries = 4, .n = 120, .d = 6, .k = 128, .orientations = 2}, DType::f32);
  in.positions.fill([](int64_t) { return -1; });
  in.valid.fill([](int64_t) { return 1; });
  const std::set<int64_t> spoilt = {0, 31, 90, 119};
  for (const int64_t row : spoilt)
    in.set.set(row * 6 + row % 6, row % 2 == 0 ? NAN : std::numeric_limits<double>::infinity());
  in.queries.set(1 * 6 + 2, NAN);
  in.mirrored.set(2 * 6 + 5, NAN);
  in.queries.set(3 * 6 + 1, NAN);
  in.mirrored.set(3 * 6 + 1, NAN);
  const KnnSetFound found = run_knn_set(device, in);
  for (int64_t i = 0; i < 4; ++i) {
    std::set<int64_t> rows;
    for (int64_t place = 0; place < 128; ++place) {
      const auto row = static_cast<int64_t>(found.indices.at(i * 128 + place));
      const bool is_row = i < 3 && place < 116;
      CHECK((row >= 0) == is_row);
      CHECK(std::isinf(found.distances.at(i * 128 + place)) == !is_row);
      if (row >= 0) CHECK((spoilt.count(row) == 0 && rows.insert(row).second));
    }
  }
  for (int64_t place = 0; place < 116; ++place) {
    // Within rounding of one orientation alone.
    const auto row = static_cast<int64_t>(found.indices.at(128 + place));
    double turned = 0;
    for (int64_t c = 0; c < 6; ++c)
      turned += std::pow(in.mirrored.at(6 + c) - in.set.at(row * 6 + c), 2);
    CHECK(found.distances.at(128 + place) == doctest::Approx(turned).epsilon(1e-5));
  }
}

}  // namespace lanet::test
