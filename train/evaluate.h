// Predictions of the classifier over pictures.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "core/staging.h"
#include "data/image_set.h"
#include "models/resnet.h"
#include "train/metrics.h"

namespace lanet {

/// What run_network() works with.
struct InferenceRoom {
  const Tensor& sample_indices;       ///< i32 [batch]
  std::shared_ptr<Staging>& staging;  ///< of pictures on the host; null until they have needed it
};

/// Runs a planned network over the pictures `rows` of a set, batch by batch, and calls
/// done(first, count) after each: the first `count` outputs of the batch are those of the pictures
/// rows[first], rows[first + 1], …
void run_network(Context& context, InferenceNetwork& network, InferenceRoom room,
                 const ImageSet& set, std::span<const int32_t> rows,
                 const std::function<void(int64_t first, int64_t count)>& done);

/// Runs the inference graph over pictures, batch by batch.
class Evaluator {
 public:
  /// Records the graph for batches of `batch`. Call plan() after the store has been allocated.
  Evaluator(ParameterStore& store, Backbone backbone, int64_t classes, int64_t image_size,
            int64_t batch);
  void plan(Context& context);

  /// Softmax probabilities [rows, C] of the pictures `rows` of a set. To `features`, if given,
  /// their features are added: [rows, 512e], what the last layer is given.
  std::vector<double> probabilities(Context& context, const ImageSet& set,
                                    std::span<const int32_t> rows,
                                    std::vector<float>* features = nullptr);
  /// The class with the largest probability (the first of equals) of each.
  std::vector<int32_t> predictions(Context& context, const ImageSet& set,
                                   std::span<const int32_t> rows);
  /// The confusion matrix of the predictions for each of `labels`, each [rows]. With several ranks
  /// each predicts its part of the pictures, and all get the whole.
  std::vector<Confusion> evaluate(Context& context, const ImageSet& set,
                                  std::span<const int32_t> rows,
                                  std::span<const std::vector<int32_t>> labels);
  /// The same for all pictures with labels [N].
  Confusion evaluate(Context& context, const ImageSet& set, const std::vector<int32_t>& labels);

 private:
  int64_t classes_;
  Classifier classifier_;
  Buffer memory_;
  std::shared_ptr<Staging> staging_;  // of pictures on the host, for the next call
  Tensor sample_indices_;             // i32 [batch]
  Tensor counts_;                     // f64 [C·C], of the confusion matrix
};

}  // namespace lanet
