// Gradients of all ranks become their mean while the backward pass still runs: in pieces of the
// flat blocks, each begun when its last gradient is complete.
#pragma once

#include <unordered_map>
#include <vector>

#include "core/graph.h"
#include "core/parameters.h"
#include "core/ranks/communicator.h"

namespace lanet {

class GradientBuckets {
 public:
  /// For a planned graph. Which gradients are together depends on the model alone.
  GradientBuckets(const ParameterStore::Blocks& blocks, const Graph& graph);

  /// These parameters' gradients are complete.
  void complete(Context& context, const std::vector<Value*>& parameters);
  /// All are means, before whatever comes next in the context.
  void finish(Context& context);

  size_t count() const { return buckets_.size(); }

 private:
  struct Bucket {
    Tensor gradients;
    int parameters = 0;  // with gradients in it
    int missing = 0;     // of these, in the step that runs
  };
  void cut(const Tensor& block, const std::vector<const Value*>& parameters);

  std::vector<Bucket> buckets_;
  std::unordered_map<const Value*, size_t> bucket_of_;
};

}  // namespace lanet
