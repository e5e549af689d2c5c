// The rivals: the gradient of a whole step of each, in double, against central differences; the
// targets of early-learning regularisation; and that they differ from the baseline by their loss
// alone.
#include "models/rivals.h"

#include <map>

#include "core/parameter_io.h"
#include "tests/early_learning_run.h"
#include "tests/small_training.h"

namespace lanet::test {
namespace {

constexpr int64_t kBatch = 4, kClasses = 3, kSamples = 6;
const std::vector<double> kBatchSamples{4, 1, 0, 5};

BaselineConfig tiny_config(double label_smoothing) {
  return {
      .classes = kClasses, .image_size = 64, .batch = kBatch, .label_smoothing = label_smoothing};
}

std::vector<double> random_values(int64_t n, uint32_t purpose, double lo, double hi) {
  RandomStream stream(17, Purpose::test, purpose);
  std::vector<double> values(n);
  for (double& value : values) value = stream.uniform(lo, hi);
  return values;
}

/// A rival in double on one small batch.
template <typename M>
struct TinyRival {
  template <typename... Args>
  explicit TinyRival(Args&&... args) : store(DType::f64, Device::cpu), model(store, args...) {
    store.allocate(context, /*for_training=*/true);
    model.plan(context);
    store.initialise(context, /*seed=*/5);
    // Batch norms start as the identity; here each channel has a scale and a shift of its own.
    uint32_t number = 100;
    for (const Parameter& p : store.parameters()) {
      if (!p.trained || p.initialisation.kind != Initialisation::Kind::constant) continue;
      const double centre = p.initialisation.scale;
      write_tensor(context, store.master(p),
                   random_values(store.master(p).elements(), ++number, centre - 0.2, centre + 0.2));
    }
    const StepInputs& in = model.inputs();
    write_tensor(context, in.images->data, random_values(in.images->shape.elements(), 1, -2, 2));
    write_tensor(context, in.labels->data, {0, 1, 2, 1});
    write_tensor(context, in.sample_indices->data, kBatchSamples);
  }
  double loss(const char* name) const {
    for (const NamedLoss& term : model.losses())
      if (term.name == name) return term.parts.at(0)->data.template as<double>()[0];
    FAIL("no loss " << name);
    return 0;
  }
  HostTensor logits() const {
    HostTensor copy({kBatch, kClasses}, DType::f64);
    copy.fill([&](int64_t i) { return model.logits()->data.template as<double>()[i]; });
    return copy;
  }

  Context context;
  ParameterStore store;
  M model;
};

std::string part_of(const std::string& name) {
  for (const char* part : {"f_q.conv1", "f_q.bn1", "f_q.layer1", "f_q.fer_layer2", "f_q.fer_layer3",
                           "f_q.fer_layer4", "f_q.fer_fc"})
    if (name.starts_with(part)) return part;
  return "";
}

/// Every part's gradient against central differences of `total`, read after a forward pass.
template <typename M>
void check_gradient(TinyRival<M>& tiny, const std::function<double()>& total) {
  using Direction = std::pair<const Parameter*, std::vector<double>>;
  tiny.model.graph().forward(tiny.context);
  tiny.model.graph().backward(tiny.context);
  std::map<std::string, std::vector<Direction>> parts;
  std::map<std::string, double> slopes;
  for (const Parameter& p : tiny.store.parameters()) {
    if (!p.trained) continue;
    const std::vector<double> gradient = read_tensor(tiny.context, tiny.store.gradient(p));
    double squares = 0;
    for (const double g : gradient) squares += g * g;
    // Along the gradient, each element by a factor of its own.
    std::vector<double> direction = random_values(std::ssize(gradient), 50, 0.2, 1.8);
    for (size_t i = 0; i < gradient.size(); ++i) {
      direction[i] *= gradient[i] / std::sqrt(squares);
      slopes[p.name] += gradient[i] * direction[i];
    }
    parts[part_of(p.name)].emplace_back(&p, std::move(direction));
  }
  CHECK(parts.size() == 7);
  CHECK(parts.count("") == 0);
  for (const auto& [part, directions] : parts) {
    CAPTURE(part);
    double analytic = 0;
    for (const auto& [p, direction] : directions) analytic += slopes.at(p->name);
    const double step = std::min(3e-6 / analytic, 1e-5);
    std::map<const Parameter*, std::vector<double>> start;
    for (const auto& [p, direction] : directions)
      start[p] = read_tensor(tiny.context, tiny.store.master(*p));
    const auto at = [&](double distance) {
      for (const auto& [p, direction] : directions) {
        std::vector<double> values = start.at(p);
        for (size_t i = 0; i < values.size(); ++i) values[i] += distance * direction[i];
        write_tensor(tiny.context, tiny.store.master(*p), values);
      }
      tiny.model.graph().forward(tiny.context);
      return total();
    };
    const double numeric = (at(step) - at(-step)) / (2 * step);
    at(0);
    const auto error = [&](double slope) { return std::abs(slope / numeric - 1); };
    CHECK(error(analytic) < 2e-7);
    for (const auto& [p, direction] : directions) {  // 1 % more of any one tensor's must fail
      CAPTURE(p->name);
      CHECK(error(analytic + 0.01 * slopes.at(p->name)) > 2e-7);
    }
  }
}

}  // namespace

TEST_CASE("rivals: the gradient of a whole step agrees with central differences, labels smoothed") {
  TinyRival<Baseline> tiny(tiny_config(0.3));
  check_gradient(tiny, [&] { return tiny.loss("expression"); });
}

TEST_CASE("rivals: the gradient of a whole step agrees with central differences, elr") {
  TinyRival<EarlyLearning> tiny(tiny_config(0), kSamples);
  const NamedState targets = tiny.model.state().at(0);
  CHECK(targets.name == "early_targets");
  // In the middle of a training; and the targets of this step stay as they are.
  const HostTensor earlier = distributions({kSamples, kClasses}, DType::f64, 9).scaled(0.9);
  std::memcpy(targets.tensor.data, earlier.tensor().data, earlier.tensor().bytes());
  tiny.model.graph().forward(tiny.context);
  EarlyLearningInputs in({kBatch, kClasses, kSamples}, DType::f64);
  in.logits = tiny.logits();
  in.samples.fill([](int64_t b) { return kBatchSamples[b]; });
  in.targets = earlier;
  const EarlyLearningRun now = run_early_learning(Device::cpu, in);
  CHECK(tiny.loss("early_learning") == now.loss.at(0));
  check_gradient(
      tiny, [&] { return tiny.loss("expression") + 3 * regulariser(tiny.logits(), now.target); });
}

TEST_CASE("rivals: the targets of elr start at 0 and follow the predictions of their samples") {
  TinyRival<EarlyLearning> tiny(tiny_config(0), kSamples);
  const Tensor targets = tiny.model.state().at(0).tensor;
  CHECK(read_tensor(tiny.context, targets) == std::vector<double>(kSamples * kClasses));
  for (const double share : {1 - 0.7, 1 - 0.7 * 0.7}) {  // of the prediction: it stays the same
    tiny.model.set_step(tiny.context, 1, /*learning_rate=*/0);
    tiny.model.step(tiny.context);
    const HostTensor logits = tiny.logits();
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
