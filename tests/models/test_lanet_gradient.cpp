// Ladder step 1 for the whole: the gradient of LA-Net's total loss by its parameters, in double,
// against central differences.
#include <map>

#include "core/parameter_io.h"
#include "core/rng.h"
#include "kernels/info_nce.h"
#include "models/lanet.h"
#include "tests/op_test.h"

namespace lanet::test {
namespace {

constexpr int64_t kBatch = 4, kClasses = 3, kLandmarks = 2, kSamples = 6, kBankRows = 6;

/// The smallest LA-Net there is, in the middle of a training: distributions and banks are filled.
class TinyStep {
 public:
  TinyStep()
      : store_(DType::f64, Device::cpu),
        model_(store_,
               {.classes = kClasses,
                .landmarks = kLandmarks,
                .neighbours = kBatch - 2,
                .bank_rows = kBankRows,
                .image_size = 64,
                .batch = kBatch,
                .samples = kSamples,
                .confidence = 0.7,
                .temperature = 0.1,
                .bank_momentum = 0.5,
                // No two alike, and none is 1: a weight that is left out shows.
                .weights = {
                    .expression = 0.8, .landmark = 0.5, .distribution = 2, .contrastive = 0.6}}) {
    store_.allocate(context_, /*for_training=*/true);
    model_.plan(context_);
    context_.freeze();
    store_.initialise(context_, /*seed=*/5);
    fill_weights();
    model_.initialise_state(context_, {.seed = 5, .given = {0, 1, 2, 0, 1, 2}});
    fill_state();
    write_inputs();
    for (const NamedState& state : model_.state())
      start_.emplace_back(state.tensor, read_tensor(context_, state.tensor));
    for (const Parameter& p : store_.parameters())
      start_.emplace_back(store_.master(p), read_tensor(context_, store_.master(p)));
  }
  ~TinyStep() { context_.thaw(); }

  /// The total loss with what stands in the parameters; the banks are as at the start.
  double loss() {
    for (const NamedState& state : model_.state()) restore(state.tensor);
    model_.graph().forward(context_);
    double total = 0;
    for (const NamedLoss& term : model_.losses())
      for (const Value* part : term.parts)
        total += term.weight * read_tensor(context_, part->data)[0];
    return total;
  }
  /// The total loss where every tensor of `parts` is `step` times its direction from the start.
  using Directions = std::vector<std::pair<const Parameter*, std::vector<double>>>;
  double loss_at(const Directions& directions, double step) {
    for (const auto& [p, direction] : directions) {
      auto values = start_of(store_.master(*p));
      for (size_t i = 0; i < values.size(); ++i) values[i] += step * direction[i];
      write_tensor(context_, store_.master(*p), values);
    }
    const double value = loss();
    for (const auto& [p, direction] : directions) restore(store_.master(*p));
    return value;
  }
  void backward() { model_.graph().backward(context_); }
  std::vector<double> gradient(const Parameter& p) {
    return read_tensor(context_, store_.gradient(p));
  }
  const std::deque<Parameter>& parameters() const { return store_.parameters(); }

 private:
  std::vector<double> random(int64_t n, uint32_t purpose, double lo, double hi) {
    RandomStream stream(11, Purpose::test, purpose);
    std::vector<double> values(n);
    for (double& value : values) value = stream.uniform(lo, hi);
    return values;
  }
  const std::vector<double>& start_of(const Tensor& tensor) const {
    for (const auto& [place, values] : start_)
      if (place.data == tensor.data) return values;
    throw std::logic_error("a tensor without a start");
  }
  void restore(const Tensor& tensor) { write_tensor(context_, tensor, start_of(tensor)); }

  /// Batch norms start as the identity; here each channel has a scale and a shift of its own.
  /// Small heatmaps, so that the landmark loss does not drown the others; decided pair scores, so
  /// that much depends on them.
  void fill_weights() {
    uint32_t number = 100;
    for (const Parameter& p : store_.parameters()) {
      if (!p.trained) continue;
      const Tensor weights = store_.master(p);
      if (p.initialisation.kind == Initialisation::Kind::constant) {
        const double centre = p.initialisation.scale;
        write_tensor(context_, weights,
                     random(weights.elements(), ++number, centre - 0.2, centre + 0.2));
      }
      const double factor = p.name == "f_q.lm_fc.weight"                ? 0.02
                            : p.name.ends_with("score.fc_out.4.weight") ? 10
                                                                        : 1;
      if (factor == 1) continue;
      auto values = read_tensor(context_, weights);
      for (double& value : values) value *= factor;
      write_tensor(context_, weights, values);
    }
    store_.reset_momentum_copies(context_);
  }
  /// Doubtful label distributions beside sure ones; bank rows of every class beside unlabelled.
  void fill_state() {
    for (const NamedState& state : model_.state()) {
      if (state.name == "label_bank")
        write_tensor(context_, state.tensor,
                     {0.9, 0.06, 0.04, 0.2, 0.5, 0.3, 0.1, 0.02, 0.88, 0.8, 0.1, 0.1, 0.3, 0.4, 0.3,
                      0.35, 0.05, 0.6});
      if (state.name == "bank_labels")
        write_tensor(context_, state.tensor, {0, 1, 2, 2, -3, kNoLabel});
    }
  }
  void write_inputs() {
    const StepInputs& in = model_.inputs();
    write_tensor(context_, in.images->data, random(in.images->shape.elements(), 1, -2, 2));
    write_tensor(context_, in.labels->data, {0, 1, 2, 1});
    write_tensor(context_, in.sample_indices->data, {0, 1, 2, 3});
    write_tensor(context_, in.landmarks->data, random(kBatch * kLandmarks * 2, 2, 0, 64));
    write_tensor(context_, in.landmark_valid->data, {1, 1, 0, 1});
  }

  Context context_;
  ParameterStore store_;
  LaNet model_;
  std::vector<std::pair<Tensor, std::vector<double>>> start_;
};

/// What is checked in one direction: names up to the last part that tells tensors apart.
std::string part_of(const std::string& name) {
  for (const char* part :
       {"f_q.conv1", "f_q.bn1", "f_q.layer1", "f_q.fer_layer2", "f_q.fer_layer3", "f_q.fer_layer4",
        "f_q.lm_layer2", "f_q.lm_layer3", "f_q.lm_layer4", "f_q.latlayer", "f_q.lm_fc",
        "f_q.fer_fc", "fer_fc.0", "lm_fc.0", "f_q.smooth.fer_score", "f_q.smooth.lm_score"})
    if (name.starts_with(part)) return part;
  return "";
}

}  // namespace

TEST_CASE("lanet: the gradient of the whole step agrees with central differences in every part") {
  constexpr double kChange = 3e-6;  // of the loss: small against kinks, large against rounding
  constexpr double kLargestStep = 1e-5;
  constexpr double kBound = 2e-7;
  TinyStep tiny;
  tiny.loss();
  tiny.backward();
  std::map<std::string, TinyStep::Directions> parts;
  std::map<std::string, double> slopes;  // of the loss along a tensor's direction
  for (const Parameter& p : tiny.parameters()) {
    if (!p.trained) continue;
    std::vector<double> gradient = tiny.gradient(p);
    double squares = 0;
    for (const double g : gradient) squares += g * g;
    // Along the gradient, so that the slope is not lost in rounding; each element by a factor of
    // its own, so that elements in each other's place show.
    RandomStream stream(13, Purpose::test, static_cast<uint32_t>(slopes.size()));
    std::vector<double> direction(gradient.size());
    for (size_t i = 0; i < gradient.size(); ++i) {
      direction[i] = gradient[i] / std::sqrt(squares) * stream.uniform(0.2, 1.8);
      slopes[p.name] += gradient[i] * direction[i];
    }
    parts[part_of(p.name)].emplace_back(&p, std::move(direction));
  }
  CHECK(parts.size() == 16);
  CHECK(parts.count("") == 0);
  for (const auto& [part, directions] : parts) {
    CAPTURE(part);
    double analytic = 0;
    for (const auto& [p, direction] : directions) analytic += slopes.at(p->name);
    const double step = std::min(kChange / analytic, kLargestStep);
    const double numeric =
        (tiny.loss_at(directions, step) - tiny.loss_at(directions, -step)) / (2 * step);
    auto error = [&](double slope) { return std::abs(slope / numeric - 1); };
    CHECK(error(analytic) < kBound);
    // One per cent more of any one tensor's gradient must fail.
    for (const auto& [p, direction] : directions) {
      CAPTURE(p->name);
      CHECK(error(analytic + 0.01 * slopes.at(p->name)) > kBound);
    }
  }
}

}  // namespace lanet::test
