// The CUDA kernel of count_correct against the definition.
#include "kernels/class_loss_cases.h"
#include "kernels/count_correct.h"
#include "tests/device_test.h"

namespace lanet::test {
namespace {

int64_t correct(Device device, const OwnedTensor& logits, const OwnedTensor& labels) {
  Context context(device);
  const OwnedTensor its_logits(context, logits), its_labels(context, labels),
      count(context, OwnedTensor({1}, DType::i32));
  count_correct(context, {.logits = its_logits, .labels = its_labels, .correct = count});
  return static_cast<int64_t>(count.download().at(0));
}

}  // namespace

TEST_CASE("cuda: count_correct gives the number of the definition, ties included") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    for (const auto& c : {ClassLossCase{1, 1}, {3, 7}, {33, 13}, {700, 3}}) {
      CAPTURE(c.batch);
      CAPTURE(c.classes);
      OwnedTensor logits({c.batch, c.classes}, dtype), labels({c.batch}, DType::i32);
      // Coarse values: equal maxima are common.
      logits.fill([random = OwnedTensor::random({c.batch, c.classes}, DType::f32, 1)](int64_t i) {
        return std::round(3 * random.at(i));
      });
      labels.fill([&](int64_t i) { return i % c.classes; });
      const int64_t expected = correct(Device::cpu, logits, labels);
      CHECK(correct(Device::cuda, logits, labels) == expected);
      if (c.batch > 30) CHECK((expected > 0 && expected < c.batch));
    }
  }
}

}  // namespace lanet::test
