// What tests of whole models in double share: one small batch, and the gradient of a whole step
// against central differences.
#pragma once

#include <cmath>
#include <functional>
#include <map>

#include "core/parameter_io.h"
#include "core/rng.h"
#include "models/model.h"
#include "tests/op_test.h"

namespace lanet::test {

inline constexpr int64_t kBatch = 4, kClasses = 3, kSamples = 6;
inline const std::vector<double> kBatchSamples{4, 1, 0, 5};

inline std::vector<double> random_values(int64_t n, uint32_t purpose, double lo, double hi) {
  RandomStream stream(17, Purpose::test, purpose);
  std::vector<double> values(n);
  for (double& value : values) value = stream.uniform(lo, hi);
  return values;
}

/// A model in double on one small batch.
template <typename M>
struct TinyStep {
  template <typename... Args>
  explicit TinyStep(Args&&... args) : store(DType::f64, Device::cpu), model(store, args...) {
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
  OwnedTensor logits() const {
    OwnedTensor copy({kBatch, kClasses}, DType::f64);
    copy.fill([&](int64_t i) { return model.logits()->data.template as<double>()[i]; });
    return copy;
  }

  Context context;
  ParameterStore store;
  M model;
};

inline std::string part_of(const std::string& name) {
  for (const char* part : {"f_q.conv1", "f_q.bn1", "f_q.layer1", "f_q.fer_layer2", "f_q.fer_layer3",
                           "f_q.fer_layer4", "f_q.fer_fc"})
    if (name.starts_with(part)) return part;
  return "";
}

/// Every part's gradient against central differences of `total`, read after a forward pass.
template <typename M>
void check_gradient(TinyStep<M>& tiny, const std::function<double()>& total) {
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

}  // namespace lanet::test
