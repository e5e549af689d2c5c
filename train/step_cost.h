// What one training step costs, counted from the graph as it is lowered for a device, without the
// device and without running anything.
#pragma once

#include <string>
#include <vector>

#include "core/operation.h"
#include "train/config/config.h"

namespace lanet {

/// One call of an operation in a step.
struct CountedOperation {
  std::string owner;  ///< node of the graph, or part of the step
  std::string kind;   ///< the node's kind
  std::string pass;   ///< forward, backward, step
  std::string name;   ///< of the operation
  Cost cost;
};

/// Collects every operation of the context that it observes.
class OperationCounter : public OperationObserver {
 public:
  void enter(const std::string& owner, const char* kind, const char* pass) override;
  void begin(const char* operation, const Cost& cost) override;
  void end() override {}
  const std::vector<CountedOperation>& operations() const { return operations_; }

 private:
  CountedOperation current_;
  std::vector<CountedOperation> operations_;
};

/// The operations of one step of this configuration, augmentation, optimiser and memory banks
/// included, in the order in which they run on `device`: those of one rank of several, if `shard`
/// says so, with its exchanges with the others (core/ranks/communicator.h).
std::vector<CountedOperation> count_step(const Config& config, Device device, Shard shard = {});

/// The sum of many. Its `product` is absent.
Cost total_cost(const std::vector<CountedOperation>& operations);

/// The sum of the least times of these.
double floor_seconds(const std::vector<CountedOperation>& operations, const Ceilings& ceilings);

}  // namespace lanet
