// The CUDA kernel of pseudo_label against the definition, from the CPU tests' cases.
#include "kernels/class_loss_cases.h"
#include "kernels/pseudo_label.h"
#include "tests/device_test.h"

namespace lanet::test {
namespace {

OwnedTensor labels(Device device, const OwnedTensor& target, const OwnedTensor& samples,
                   double threshold = 0.7) {
  Context context(device);
  const OwnedTensor its_target(context, target), its_samples(context, samples),
      out(context, OwnedTensor({target.shape()[0]}, DType::i32));
  pseudo_label(
      context,
      {.target = its_target, .sample_indices = its_samples, .labels = out, .threshold = threshold});
  return out.download();
}

/// The label of a single sample with this estimated distribution.
int label(const std::vector<double>& target, int sample, DType dtype, double threshold = 0.7) {
  OwnedTensor row({1, static_cast<int64_t>(target.size())}, dtype), samples({1}, DType::i32);
  row.fill([&](int64_t c) { return target[c]; });
  samples.set(0, sample);
  return static_cast<int>(labels(Device::cuda, row, samples, threshold).at(0));
}

}  // namespace

TEST_CASE("cuda: pseudo_label gives each row of a batch the label of the definition") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::f64}) {
    for (const auto& c : {ClassLossCase{1, 2}, {3, 7}, {33, 13}, {200, 8}}) {
      auto target = OwnedTensor::random({c.batch, c.classes}, dtype, 1, 0, 1);
      // Coarse values: equal maxima are common, and the lowest class counts.
      target.fill([copy = target](int64_t i) { return std::round(5 * copy.at(i)) / 5; });
      OwnedTensor samples({c.batch}, DType::i32);
      samples.fill([](int64_t i) { return 10 * i; });
      for (const double threshold : {0.7, 1.0})
        CHECK(labels(Device::cuda, target, samples, threshold)
                  .bits_equal(labels(Device::cpu, target, samples, threshold)));
    }
  }
}

TEST_CASE("cuda: pseudo_label: exactly the threshold is confident, the next below is not") {
  if (skip_without_device()) return;
  CHECK(label({0.7, 0.3}, 5, DType::f64) == 0);
  CHECK(label({std::nextafter(0.7, 0.0), 0.3}, 5, DType::f64) == -6);
  CHECK(label({0.7f, 0.3}, 5, DType::f32) == 0);  // although 0.7f < 0.7
  CHECK(label({std::nextafter(0.7f, 0.0f), 0.3}, 5, DType::f32) == -6);
}

TEST_CASE("cuda: pseudo_label: an uncertain sample 0 meets no class, nor the last one INT32_MIN") {
  if (skip_without_device()) return;
  CHECK(label({0.5, 0.5}, 0, DType::f32) == -1);
  const int last = std::numeric_limits<int>::max() - 2;
  CHECK(label({0.5, 0.5}, last, DType::f32) == std::numeric_limits<int>::min() + 2);
}

}  // namespace lanet::test
