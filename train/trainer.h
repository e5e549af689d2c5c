// The trainer: a model, its data and its schedule; one call per epoch.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "core/captured_work.h"
#include "data/picture_feed.h"
#include "models/model.h"
#include "train/checkpoint.h"
#include "train/epoch_tables.h"
#include "train/evaluate.h"
#include "train/faces.h"
#include "train/metrics.h"

namespace lanet {

/// The outcome of one epoch.
struct EpochResult {
  int epoch = 0;                         ///< from 1
  std::map<std::string, double> losses;  ///< means over the epoch's steps, unweighted; and "total"
  double learning_rate = 0;              ///< of the last step
  double train_accuracy = 0;  ///< of augmented pictures against the given labels, in training
  double seconds = 0;         ///< of training alone
  int64_t images = 0;
};

/// The model of a configuration, recorded into `store`; `samples` faces in the training set, with
/// this number of landmarks each.
std::unique_ptr<Model> make_model(const Config& config, int64_t classes, int64_t samples,
                                  int64_t landmarks, ParameterStore& store, Shard shard = {});

class Trainer {
 public:
  /// Takes the data, allocates everything, and freezes the context. With several ranks (the
  /// context's communicator) all have the same data and labels, and each computes its part of every
  /// batch. capture: on CUDA a step is one captured graph; the bits are the same without.
  Trainer(Context& context, const Config& config, Faces train, Faces test, bool capture = true);

  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;

  /// Draws the initial weights by the seed; then loads the backbone file, if one is configured.
  void initialise(const std::function<void(const std::string&)>& message);
  /// After initialise(), if starts_from_knowledge(): takes what is known of the labels.
  void start_from(const LabelKnowledge& knowledge);
  /// Continues from a checkpoint with training state, which may be inside an epoch.
  void load(const NamedArrays& checkpoint, const std::string& path);
  /// Gives all ranks rank 0's state, after rank 0 has initialised or loaded it.
  void share_state();

  int epochs_done() const { return epochs_done_; }
  int64_t steps_done() const { return steps_done_; }
  /// Finished steps of the epoch under way.
  int64_t epoch_steps() const { return epoch_.steps; }
  int64_t steps_per_epoch() const { return train_.size() / config_.train.batch; }

  /// Called with the number of finished steps of this epoch and the mean total loss so far; false
  /// ends run_epoch() there. On CUDA once for several steps, since the device does not wait for the
  /// host after each, and whenever a multiple of checkpoint.every_steps is done.
  using StepCallback = std::function<bool(int64_t step, double loss)>;
  /// Runs the next epoch, or what is left of the epoch under way. The result is that of the whole
  /// epoch; none if the callback ended it before its last step. Throws Error if a loss is not
  /// finite.
  std::optional<EpochResult> run_epoch(const StepCallback& callback = {});
  /// The parts of run_epoch(), for benchmarks: prepare_epoch() uploads what the epoch's steps need,
  /// step() augments and optimises one step, after the last again the first. On CUDA a step is not
  /// finished when step() returns.
  void prepare_epoch();
  void step();
  /// True once steps are replayed as one captured graph.
  bool captured() const { return step_work_.captured(); }
  Model& model() { return *model_; }

  /// The test set through the inference graph, each face once, whatever the ranks.
  Confusion evaluate();
  /// The network in its current state, for other pictures or labels (train/judge.h).
  Evaluator& evaluator() { return evaluator_; }
  const Faces& training_faces() const { return train_; }
  const Faces& test_faces() const { return test_; }
  /// [N, C], the distributions that a model with label estimates has for the training faces; empty
  /// for a model without.
  std::vector<double> label_estimates();

  /// Model::neighbour_entropy() of the last step; NaN before the first.
  double neighbour_entropy();

  /// The weights and, with_state, what is needed to continue training; read when it is written.
  TensorSources checkpoint(bool with_state);
  /// labels.csv: image, given label and estimated distribution; empty for a model without one.
  std::string labels_csv();

 private:
  /// An epoch under way.
  struct Epoch {
    int64_t steps = 0;           // finished
    std::vector<int32_t> order;  // [N], epoch_order()
    EpochResult sums;            // so far
  };
  /// Adds the results of these steps to those of the steps before them.
  void add_results(const std::vector<StepResult>& steps);
  void add_epoch(TensorSources& checkpoint) const;
  void share_order();
  void load_epoch(const NamedArrays& checkpoint, const CheckpointInfo& info,
                  const std::string& path);
  double learning_rate(int64_t step) const;
  void initialise_state(const LabelKnowledge& knowledge);
  std::vector<int32_t> sampler_labels();
  /// This rank's samples of a step of the prepared epoch.
  std::span<const int32_t> samples_of(int64_t step) const;

  Context& context_;
  Shard shard_;
  Config config_;
  Faces train_, test_;
  ParameterStore store_;
  std::unique_ptr<Model> model_;
  Evaluator evaluator_;
  Buffer memory_;
  Tensor flip_permutation_;  // i32 [L]
  Tensor progress_;  // f64 [3], epochs, steps and steps of the epoch done, while ranks share them
  std::unique_ptr<EpochTables> tables_;
  std::unique_ptr<PictureFeed> feed_;
  Epoch epoch_;
  std::vector<int32_t> epoch_samples_;  // [steps·B], this rank's
  int64_t next_step_ = 0;               // of the epoch
  CapturedWork step_work_;
  int epochs_done_ = 0;
  int64_t steps_done_ = 0;
  bool stepped_ = false;  // by this trainer, so that the values of a step are there
};

}  // namespace lanet
