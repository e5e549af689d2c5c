// A model in training: its graph, what goes in, its losses, and one optimisation step.
#pragma once

#include <array>
#include <deque>
#include <functional>
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
  double key_momentum;
  double weight_decay;  ///< of what Parameter::decays()
};

/// A piece of training state beside the parameters: saved with a checkpoint, by name.
struct NamedState {
  std::string name;
  Tensor tensor;
};

/// What is known of the training labels before any picture is looked at.
struct LabelKnowledge {
  std::vector<double> channel;    ///< [C, C], P(given | true), a row for each true class
  std::vector<double> prior;      ///< [C], of the true classes
  std::vector<double> log_ratio;  ///< [samples, C], log p(y | landmarks)/p(y); 0: nothing known
};

/// What the state of a model may start from.
struct StartingPoint {
  uint64_t seed = 0;
  std::vector<int32_t> given;  ///< [samples], labels
  LabelKnowledge knowledge;    ///< empty where the model starts from none
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
  /// Gives every bank its starting value. After plan(). Throws Error if the starting point lacks
  /// what a bank needs.
  void initialise_state(Context& context, const StartingPoint& start);
  /// The banks: state beside the parameters, on the device, once planned.
  std::vector<NamedState> state() const;
  Graph& graph() { return graph_; }
  ParameterStore& store() const { return store_; }

 protected:
  virtual void after_optimiser(Context&) {}

  /// Records images, labels and sample_indices for this rank's rows of a batch.
  void record_inputs(int64_t image_size, int64_t batch);
  /// Records batch_samples; with one rank they are its own.
  void record_batch_samples(int64_t batch);
  /// `value`, [rows, ...], as a constant of all ranks' rows; with one rank itself.
  Value* record_whole_batch(const std::string& name, Value* value);
  /// Writes the starting value of a bank.
  using BankStart = std::function<void(Context&, const Tensor& bank, const StartingPoint&)>;
  /// Declares a bank: a table that lasts from step to step, and is part of state().
  Value* record_bank(const std::string& name, const Shape& shape, DType dtype, BankStart start);

  ParameterStore& store_;
  Graph graph_;
  StepInputs inputs_;
  std::vector<NamedLoss> losses_;
  Value* logits_ = nullptr;

 private:
  struct Bank {
    std::string name;
    Shape shape;
    DType dtype;
    BankStart start;
    Tensor tensor;
  };

  OptimiserConfig optimiser_;
  std::deque<Bank> banks_;  // values of the graph refer to them
  Buffer bank_memory_;
  std::optional<GradientBuckets> buckets_;  // absent with one rank
  Buffer step_memory_;
  Tensor step_values_;
};

}  // namespace lanet
