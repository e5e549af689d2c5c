// The inputs and results of an epoch's steps on the device, one row per step, so that a step needs
// nothing from the host and the host waits for no step.
#pragma once

#include <vector>

#include "kernels/augment.h"
#include "kernels/step_table.h"
#include "models/model.h"

namespace lanet {

/// The inputs of the steps of one epoch, in order; B: this rank's rows.
struct EpochInputs {
  std::vector<int32_t> samples;        ///< [steps·B], positions in the training set
  std::vector<int32_t> batch_samples;  ///< [steps·ranks·B], those of all ranks; read by LA-Net
  std::vector<int32_t> pictures;       ///< [steps·B], where the pictures are (PictureFeed)
  std::vector<int32_t> labels;         ///< [steps·B], as given
  std::vector<uint8_t> valid;          ///< [steps·B] whether landmarks count; read by LA-Net
  std::vector<AugmentParameters> parameters;  ///< [steps·B]
  std::vector<std::array<double, 3>> adam;    ///< [steps], Model::adam_values()
};

/// The results of one step.
struct StepResult {
  std::vector<double> losses;  ///< by Model::losses(), the parts of each summed, unweighted
  int64_t correct = 0;         ///< pictures whose label was predicted
};

class EpochTables {
 public:
  /// Memory for `steps` steps of a planned model.
  EpochTables(Context& context, Model& model, int64_t steps);

  /// The next step is step `first` of these, counted from 0.
  void fill(Context& context, const EpochInputs& inputs, int64_t first);

  /// Puts the step's rows into the model's inputs, Adam's values and parameters().
  void begin_step(Context& context);
  /// Stores the step's losses and predictions, and advances to the next step; after the last comes
  /// the first.
  void end_step(Context& context);

  /// u8 [B, sizeof(AugmentParameters)], of the step.
  const Tensor& parameters() const { return parameters_; }
  /// i32 [B], of the step.
  const Tensor& pictures() const { return pictures_; }

  /// Waits for the device and returns the results of steps first … first + count − 1, summed over
  /// all ranks; so each step may be read only once.
  std::vector<StepResult> read(Context& context, int64_t first, int64_t count);

 private:
  bool reads_batch_samples() const;
  struct Loss {
    int term;  // in Model::losses()
    TableRow row;
  };

  Model& model_;
  int64_t steps_;
  Buffer memory_;
  Tensor position_;                                  // i32 [1]
  Tensor samples_, batch_samples_, labels_, valid_;  // [steps, ...]
  Tensor epoch_pictures_, epoch_parameters_;         // [steps, ...]
  Tensor adam_, right_;                              // [steps, ...]
  Tensor pictures_, parameters_, correct_;           // of the step
  std::vector<Loss> losses_;
};

}  // namespace lanet
