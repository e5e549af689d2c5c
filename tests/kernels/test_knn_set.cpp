#include "tests/kernels/knn_set_run.h"

namespace lanet::test {
namespace {

std::string refusal(const std::function<void(KnnSetArgs&)>& spoil) {
  Context context;
  const KnnSetTensors t({3, 5, 4, 2, 2}, DType::f32);
  KnnSetArgs args = t.args();
  spoil(args);
  try {
    knn_set(context, args);
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("knn_set: f32 finds what the double definition finds, twice the same bits") {
  check_knn_set_cases(Device::cpu);
}

TEST_CASE("knn_set: the definition by hand: positions on a line, and their mirror images") {
  KnnSetInputs in({.queries = 2, .n = 5, .d = 1, .k = 4, .orientations = 2}, DType::f64);
  const double set[] = {3, -1, 4, -3.5, 9}, queries[] = {3, 4};
  in.set.fill([&](int64_t i) { return set[i]; });
  in.queries.fill([&](int64_t i) { return queries[i]; });
  in.mirrored.fill([&](int64_t i) { return -queries[i]; });
  in.positions.fill([](int64_t i) { return i == 0 ? 0 : -1; });
  in.valid.fill([](int64_t i) { return i != 4; });
  const KnnSetFound both = run_knn_set(Device::cpu, in);
  // The first query is row 0: −3.5 in its mirror image, 4, −1. The second: 4, −3.5, 3, −1.
  const double indices[] = {3, 2, 1, -1, 2, 3, 0, 1};
  const double distances[] = {0.25, 1, 4, INFINITY, 0, 0.25, 1, 9};
  in.two_orientations = false;
  const KnnSetFound one = run_knn_set(Device::cpu, in);
  const double indices_one[] = {2, 1, 3, -1, 2, 0, 1, 3};
  for (int64_t i = 0; i < 8; ++i) {
    CHECK(both.indices.at(i) == indices[i]);
    CHECK(both.distances.at(i) == distances[i]);
    CHECK(one.indices.at(i) == indices_one[i]);
  }
}

TEST_CASE("knn_set: without positions and validity every row is a candidate") {
  Context context;
  const auto set = OwnedTensor::random({40, 5}, DType::f32, 1);
  OwnedTensor indices({40, 3}, DType::i32), distances({40, 3}, DType::f32);
  context.reserve_workspace(knn_set_workspace_bytes(context, 40, 40, 5, 3, 1, DType::f32));
  knn_set(context, {.queries = set, .set = set, .indices = indices, .distances = distances});
  for (int64_t i = 0; i < 40; ++i) {
    CHECK(indices.at(3 * i) == i);
    CHECK(distances.at(3 * i) == 0);
    CHECK(distances.at(3 * i + 1) > 0);
  }
}

TEST_CASE("knn_set: a part of the queries gets what a call over all has there") {
  check_knn_set_parts(Device::cpu);
}

TEST_CASE("knn_set: the same bits for any number of threads") {
  // Few queries, of which the threads share the set, and many, of which each takes blocks.
  for (const KnnSetCase& c : {KnnSetCase{20, 9000, 12, 40, 2}, KnnSetCase{900, 1500, 12, 40, 2}}) {
    CAPTURE(c.n);
    const KnnSetInputs in(c, DType::f32);
    const KnnSetFound alone = run_knn_set(Device::cpu, in, 1);
    for (const int threads : {2, 3, 8})
      CHECK(run_knn_set(Device::cpu, in, threads).bits_equal(alone));
    check_knn_set_against_definition(Device::cpu, in);
  }
}

TEST_CASE("knn_set: equal rows are equally near, the lower index first") {
  check_knn_set_equal_rows(Device::cpu);
}

TEST_CASE("knn_set: rows in the order of their distances") {
  check_knn_set_sorted_rows(Device::cpu);
}

TEST_CASE("knn_set: rows that nearly are the query are 0 or more from it") {
  check_knn_set_nearly_equal_rows(Device::cpu);
}

TEST_CASE("knn_set: rows and queries that are not finite") {
  check_knn_set_not_finite(Device::cpu);
}

TEST_CASE("knn_set: rows far from the origin lose digits as the contract says") {
  KnnSetInputs in({60, 200, 38, 20}, DType::f32);
  for (OwnedTensor* tensor : {&in.queries, &in.set})
    tensor->fill([&](int64_t i) { return 100 + tensor->at(i); });
  check_knn_set_against_definition(Device::cpu, in);
}

TEST_CASE("knn_set: what does not fit is named") {
  const auto has = [](const std::string& text, const char* part) {
    CAPTURE(text);
    CHECK(text.find(part) != std::string::npos);
  };
  OwnedTensor other({4, 3}, DType::f32), wide({3, 129}, DType::i32), bf16({3, 4}, DType::bf16);
  has(refusal([&](KnnSetArgs& a) { a.queries = {}; }), "queries is []");
  has(refusal([&](KnnSetArgs& a) { a.set = {}; }), "set is []");
  has(refusal([&](KnnSetArgs& a) { a.set = other; }), "set is f32 [4, 3]; expected f32 [4, 4]");
  has(refusal([&](KnnSetArgs& a) { a.mirrored = other; }),
      "mirrored is f32 [4, 3]; expected f32 [3, 4]");
  has(refusal([&](KnnSetArgs& a) { a.valid = other; }), "valid is f32 [4, 3]; expected u8 [5]");
  has(refusal([&](KnnSetArgs& a) { a.positions = other; }),
      "positions is f32 [4, 3]; expected i32 [3]");
  has(refusal([&](KnnSetArgs& a) { a.distances = other; }),
      "distances is f32 [4, 3]; expected f32 [3, 2]");
  has(refusal([&](KnnSetArgs& a) { a.indices = wide; }), "129 neighbours; expected 1 to 128");
  has(refusal([&](KnnSetArgs& a) { a.queries = bf16; }),
      "queries is bf16 on cpu; expected f32, or f64 on the CPU");
}

}  // namespace lanet::test
