// The rivals: the gradient of a whole step of each, in double, against central differences; the
// targets of early-learning regularisation; and that they differ from the baseline by their loss
// alone.
#include "models/rivals.h"

#include <map>

#include "tests/kernels/early_learning_run.h"
#include "tests/models/tiny_step.h"
#include "tests/train/small_training.h"

namespace lanet::test {
namespace {

BaselineConfig tiny_config(double label_smoothing) {
  return {
      .classes = kClasses, .image_size = 64, .batch = kBatch, .label_smoothing = label_smoothing};
}

}  // namespace

TEST_CASE("rivals: the gradient of a whole step agrees with central differences, labels smoothed") {
  TinyStep<Baseline> tiny(tiny_config(0.3));
  check_gradient(tiny, [&] { return tiny.loss("expression"); });
}

TEST_CASE("rivals: the gradient of a whole step agrees with central differences, elr") {
  TinyStep<EarlyLearning> tiny(tiny_config(0), kSamples);
  const NamedState targets = tiny.model.state().at(0);
  CHECK(targets.name == "early_targets");
  // In the middle of a training; and the targets of this step stay as they are.
  const OwnedTensor earlier =
      random_distributions(host_context(), {kSamples, kClasses}, DType::f64, 9, 0.9);
  std::memcpy(targets.tensor.data, earlier.tensor().data, earlier.tensor().bytes());
  tiny.model.graph().forward(tiny.context);
  EarlyLearningTensors in({kBatch, kClasses, kSamples}, DType::f64);
  in.logits = tiny.logits();
  in.samples.fill([](int64_t b) { return kBatchSamples[b]; });
  in.targets = earlier;
  const EarlyLearningTensors now = run_early_learning(Device::cpu, in);
  CHECK(tiny.loss("early_learning") == now.loss.at(0));
  check_gradient(
      tiny, [&] { return tiny.loss("expression") + 3 * regulariser(tiny.logits(), now.target); });
}

TEST_CASE("rivals: the targets of elr start at 0 and follow the predictions of their samples") {
  TinyStep<EarlyLearning> tiny(tiny_config(0), kSamples);
  tiny.model.initialise_state(tiny.context, {});
  const Tensor targets = tiny.model.state().at(0).tensor;
  CHECK(read_tensor(tiny.context, targets) == std::vector<double>(kSamples * kClasses));
  for (const double share : {1 - 0.7, 1 - 0.7 * 0.7}) {  // of the prediction: it stays the same
    tiny.model.set_step(tiny.context, 1, /*learning_rate=*/0);
    tiny.model.step(tiny.context);
    const OwnedTensor logits = tiny.logits();
    std::vector<double> expected(kSamples * kClasses);
    for (int64_t b = 0; b < kBatch; ++b) {
      double all = 0;
      for (int64_t c = 0; c < kClasses; ++c) all += std::exp(logits.at(b * kClasses + c));
      for (int64_t c = 0; c < kClasses; ++c)
        expected[static_cast<int64_t>(kBatchSamples[b]) * kClasses + c] =
            share * std::exp(logits.at(b * kClasses + c)) / all;
    }
    const std::vector<double> found = read_tensor(tiny.context, targets);
    for (size_t i = 0; i < found.size(); ++i)
      CHECK(found[i] == doctest::Approx(expected[i]).epsilon(1e-12));
  }
}

TEST_CASE("rivals: they start as the baseline does, and differ by their loss alone") {
  std::map<std::string, std::map<std::string, double>> losses;
  std::vector<double> logits;
  for (const char* method : {"baseline", "label_smoothing", "elr"}) {
    CAPTURE(method);
    Session session(small_config(method));
    session.trainer->prepare_epoch();
    session.trainer->step();
    Model& model = session.trainer->model();
    for (const NamedLoss& term : model.losses())
      losses[method][term.name] = read_tensor(session.context, term.parts.at(0)->data)[0];
    const std::vector<double> its_logits = read_tensor(session.context, model.logits()->data);
    if (logits.empty()) logits = its_logits;
    CHECK(its_logits == logits);
    CHECK(session.trainer->label_estimates().empty());
  }
  double of_all_classes = 0;  // the mean of −log p over classes and faces
  for (size_t first = 0; first < logits.size(); first += 7) {
    double sum = 0, all = 0;
    for (size_t c = 0; c < 7; ++c) {
      sum += logits[first + c];
      all += std::exp(logits[first + c]);
    }
    of_all_classes += std::log(all) - sum / 7;
  }
  of_all_classes /= static_cast<double>(logits.size()) / 7;
  const double plain = losses.at("baseline").at("expression");
  CHECK(losses.at("baseline").size() == 1);
  CHECK(losses.at("label_smoothing").size() == 1);
  CHECK(losses.at("elr").size() == 2);
  CHECK(losses.at("elr").at("expression") == plain);
  CHECK(losses.at("elr").at("early_learning") < 0);
  CHECK(losses.at("label_smoothing").at("expression") ==
        doctest::Approx(0.9 * plain + 0.1 * of_all_classes).epsilon(1e-5));
}

}  // namespace lanet::test
