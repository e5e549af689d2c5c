// The CUDA kernel of label_posterior against the definition in double, from the CPU tests' cases.
#include "tests/kernels/label_posterior_run.h"

namespace lanet::test {

TEST_CASE("cuda: label_posterior follows the double definition, twice the same bits") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64})
    check_label_posterior_cases(Device::cuda, dtype);
}

TEST_CASE("cuda: label_posterior: excluded classes, NaN and logits far apart") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    CAPTURE(to_string(dtype));
    check_label_posterior_excluded(Device::cuda, dtype);
    check_label_posterior_nan(Device::cuda, dtype);
    check_label_posterior_extremes(Device::cuda, dtype);
  }
}

TEST_CASE("cuda: label_posterior: without an opinion wanted the target is the same") {
  if (skip_without_device()) return;
  const LabelPosteriorTensors in({5, 8, 20}, DType::f32);
  const LabelPosteriorTensors all = run_label_posterior(Device::cuda, in);
  const LabelPosteriorTensors bare = run_label_posterior(Device::cuda, in, {true, true}, false);
  CHECK(bare.target.bits_equal(all.target));
  CHECK(std::isnan(bare.opinion.at(0)));
}

TEST_CASE("cuda: label_posterior: a label that is no class makes its own row NaN") {
  if (skip_without_device()) return;
  const LabelPosteriorTensors clean({3, 7, 5}, DType::f32);
  const LabelPosteriorTensors expected = run_label_posterior(Device::cuda, clean);
  for (const int bad : {-1, 7, std::numeric_limits<int>::min()}) {
    CAPTURE(bad);
    LabelPosteriorTensors in = clean;
    in.labels.set(1, bad);
    const LabelPosteriorTensors r = run_label_posterior(Device::cuda, in);
    for (int64_t i = 0; i < 21; ++i)
      CHECK((i / 7 == 1 ? std::isnan(r.target.at(i)) : r.target.at(i) == expected.target.at(i)));
    CHECK(r.opinion.bits_equal(expected.opinion));
  }
}

}  // namespace lanet::test
