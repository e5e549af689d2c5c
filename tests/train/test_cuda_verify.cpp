// The published program's numbers through the CUDA code: whole LA-Net steps and its single losses.
#include "tests/device_test.h"
#include "tests/golden.h"
#include "train/golden/check.h"
#include "train/golden/step.h"

namespace lanet::test {
namespace {

void require_pass(const std::vector<Check>& checks, size_t least_checks) {
  CHECK(checks.size() >= least_checks);
  for (const Check& check : checks) {
    CAPTURE(check.name);
    CAPTURE(check.error);
    CAPTURE(check.bound);
    CHECK(check.ok);
  }
}

}  // namespace

TEST_CASE("cuda: whole LA-Net steps give the published numbers") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f64, DType::f32, DType::bf16}) {
    CAPTURE(to_string(dtype));
    const auto golden = golden_file("step_resnet18.json");
    Context context(Device::cuda);
    context.set_exact_products(true);
    require_pass(
        check_step_file(golden, run_golden_step(context, golden, "step_resnet18", dtype), dtype),
        dtype == DType::f64   ? 3000
        : dtype == DType::f32 ? 400
                              : 20);
  }
}

TEST_CASE("cuda: single losses and modules give the published numbers") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f64, DType::f32, DType::bf16}) {
    CAPTURE(to_string(dtype));
    const auto golden = golden_file("components.json");
    Context context(Device::cuda);
    context.set_exact_products(true);
    require_pass(
        check_components_file(golden, run_golden_components(context, golden, "components", dtype),
                              dtype, nullptr),
        dtype == DType::bf16 ? 3 : 80);
  }
}

}  // namespace lanet::test
