// The CUDA kernels of knn_set against the definition in double and against the CPU's bits.
#include "tests/kernels/knn_set_run.h"
#include "train/step_cost.h"

namespace lanet::test {

TEST_CASE("cuda: knn_set finds what the double definition finds, twice the same bits") {
  if (skip_without_device()) return;
  check_knn_set_cases(Device::cuda);
}

TEST_CASE("cuda: knn_set: the same bits as on the CPU") {
  if (skip_without_device()) return;
  for (const auto& c : kKnnSetCases) {
    if (c.bench) continue;
    CAPTURE(c.n);
    const KnnSetInputs in(c, DType::f32);
    CHECK(run_knn_set(Device::cuda, in).bits_equal(run_knn_set(Device::cpu, in)));
  }
}

TEST_CASE("cuda: knn_set: a part of the queries gets what a call over all has there") {
  if (skip_without_device()) return;
  check_knn_set_parts(Device::cuda);
}

TEST_CASE("cuda: knn_set: equal rows are equally near, the lower index first") {
  if (skip_without_device()) return;
  check_knn_set_equal_rows(Device::cuda);
}

TEST_CASE("cuda: knn_set: rows in the order of their distances") {
  if (skip_without_device()) return;
  check_knn_set_sorted_rows(Device::cuda);
}

TEST_CASE("cuda: knn_set: rows that nearly are the query are 0 or more from it") {
  if (skip_without_device()) return;
  check_knn_set_nearly_equal_rows(Device::cuda);
}

TEST_CASE("cuda: knn_set: rows and queries that are not finite") {
  if (skip_without_device()) return;
  check_knn_set_not_finite(Device::cuda);
}

TEST_CASE("cuda: knn_set: as many launches as it announces") {
  if (skip_without_device() || !launches_so_far) return;
  for (const int orientations : {1, 2}) {
    const KnnSetInputs in({.queries = 5, .n = 9, .d = 3, .k = 2, .orientations = orientations},
                          DType::f32);
    Context counting(Context::CountOnly{}, Device::cuda);
    OperationCounter counter;
    counting.set_observer(&counter);
    knn_set(counting, in.args());
    const int64_t before = launches_so_far();
    run_knn_set(Device::cuda, in);
    REQUIRE(counter.operations().size() == 1);
    CHECK(launches_so_far() - before == counter.operations()[0].cost.launches);
  }
}

TEST_CASE("cuda: knn_set: float64 is refused") {
  if (skip_without_device()) return;
  const KnnSetInputs in({5, 4, 3, 2}, DType::f64);
  CHECK_THROWS_WITH_AS(run_knn_set(Device::cuda, in),
                       doctest::Contains("queries is f64 on cuda; expected f32, or f64 on the CPU"),
                       Error);
}

}  // namespace lanet::test
