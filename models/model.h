// A model in training: its graph, what goes in, its losses, and one optimisation step.
#pragma once

#include <array>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "models/gradient_buckets.h"
#include "models/resnet.h"

namespace lanet {

/// What the caller writes before each step; B: this rank's rows.
struct StepInputs {
  Value* images = nullptr;          ///< record_images()
  Value* labels = nullptr;          ///< i32 [B], as given (noisy)
  Value* sample_indices = nullptr;  ///< i32 [B], positions in the training set
  Value* batch_samples = nullptr;   ///< the same of all ranks; null if the model reads none
  Value* landmarks = nullptr;       ///< [B, L, 2] in input pixels; null if the model reads none
  Value* landmark_valid = nullptr;  ///< u8 [B]; null if the model reads none
};

/// One term of the total loss; its value is the sum of the parts, before the weight.
struct NamedLoss {
  std::string name;
  double weight;
  std::vector<Value*> parts;
};

/// AdamW's fixed numbers and the momentum network's (docs/design.md, "Optimiser", "Networks").
struct OptimiserConfig {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double key_momentum = 0.999;
  double weight_decay = 0;  ///< of what Parameter::decays()
};

/// A piece of training state beside the parameters: saved with a checkpoint, by name.
struct NamedState {
  std::string name;
  Tensor tensor;
};

class Model {
 public:
  Model(ParameterStore& store, const OptimiserConfig& optimiser, Shard shard)
      : store_(store), graph_(Graph::Mode::training, shard), optimiser_(optimiser) {}
  virtual ~Model() = default;
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  /// After the store was allocated: all memory of the step.
  void plan(Context& context);
  /// What step `number` (from 1) of Adam reads: the learning rate, 1 − β1^t, 1 − β2^t.
  std::array<double, 3> adam_values(int64_t number, double learning_rate) const;
  /// Where step() reads them, f64 [3].
  const Tensor& step_values() const { return step_values_; }
  /// Writes adam_values() there.
  void set_step(Context& context, int64_t number, double learning_rate);
  /// Forward, losses, backward, the mean of all ranks' gradients, Adam with the momentum network's
  /// update, and what comes after it.
  /// The inputs and step_values() come first.
  void step(Context& context);

  const StepInputs& inputs() const { return inputs_; }
  const std::vector<NamedLoss>& losses() const { return losses_; }
  Value* logits() const { return logits_; }
  /// T, the label distributions of the batch, [B, C]; null for a model without.
  virtual Value* target_distribution() const { return nullptr; }
  /// [samples, C], what the model makes of the label of each training sample, of which `given` are
  /// the given ones; empty for a model without label estimates.
  virtual std::vector<double> label_estimates(Context&, const std::vector<int32_t>&) const {
    return {};
  }
  /// Entropy of the neighbours' weights in the last step, over log K, its mean over this rank's
  /// rows and both spaces; NaN for a model without neighbours.
  virtual double neighbour_entropy(Context&) const {
    return std::numeric_limits<double>::quiet_NaN();
  }
  /// State beside the parameters, on the device.
  virtual std::vector<NamedState> state() const { return {}; }
  Graph& graph() { return graph_; }
  ParameterStore& store() const { return store_; }

 protected:
  virtual void plan_state(Context&) {}
  virtual void after_optimiser(Context&) {}

  ParameterStore& store_;
  Graph graph_;
  StepInputs inputs_;
  std::vector<NamedLoss> losses_;
  Value* logits_ = nullptr;

 private:
  OptimiserConfig optimiser_;
  std::optional<GradientBuckets> buckets_;  // absent with one rank
  Buffer step_memory_;
  Tensor step_values_;
};

}  // namespace lanet
