// The CUDA kernels of batch_norm_max_pool against the definition in double and against the
// operations that they stand for, from the CPU tests' cases.
#include "tests/kernels/batch_norm_pool_run.h"

namespace lanet::test {
namespace {

constexpr DType kDTypes[] = {DType::f32, DType::bf16, DType::f64};

}  // namespace

TEST_CASE("cuda: batch_norm_max_pool has the bits of batch_norm_apply and max_pool") {
  if (skip_without_device()) return;
  for (const DType dtype : kDTypes) {
    for (const auto& c : kBatchNormPoolCases)
      if (!c.bench) check_equal_to_unfused(Device::cuda, c, dtype);
  }
}

TEST_CASE("cuda: batch_norm_max_pool follows the double definition, set and added") {
  if (skip_without_device()) return;
  for (const DType dtype : kDTypes) {
    for (const auto& c : kBatchNormPoolCases) {
      if (c.bench || c.height == 1) continue;
      check_by_definition(Device::cuda, {c, dtype});
    }
    const BatchNormPoolCase c{2, 7, 11, 16};
    check_by_definition(Device::cuda, {c, dtype, /*to_first=*/true});
    check_by_definition(Device::cuda, {c, dtype, /*to_first=*/false, /*to_second=*/true});
    check_by_definition(Device::cuda, {c, dtype, /*to_first=*/true, /*to_second=*/true}, 1);
    check_by_definition(Device::cuda, {{1, 3, 66, 16}, dtype}, 1);
  }
}

TEST_CASE("cuda: batch_norm_max_pool of more strips than threads join at once") {
  if (skip_without_device()) return;
  check_by_definition(Device::cuda, {{1, 260, 260, 1}, DType::f32});
}

TEST_CASE("cuda: batch_norm_max_pool takes the first of equal values, and cuts off y = 0") {
  if (skip_without_device()) return;
  for (const DType dtype : kDTypes) {
    check_ties_and_cut_off(Device::cuda, dtype);
    check_cut_off_gradients(Device::cuda, dtype);
  }
}

TEST_CASE("cuda: batch_norm_max_pool lets NaN go where max_pool does") {
  if (skip_without_device()) return;
  for (const DType dtype : kDTypes) check_nan(Device::cuda, dtype);
}

TEST_CASE("cuda: batch_norm_max_pool of one pixel has no gradient by x") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::f64}) {
    const StemTensors r = stem_run(Device::cuda, {{1, 1, 1, 3}, dtype});
    for (int64_t i = 0; i < 3; ++i) CHECK(r.dx.at(i) == 0.0);
  }
}

TEST_CASE("cuda: batch_norm_max_pool's argmax, dweight and dbias may be absent") {
  if (skip_without_device()) return;
  for (const DType dtype : kDTypes) check_absent_outputs(Device::cuda, dtype);
}

}  // namespace lanet::test
