// What depends on the whole batch, where ranks share it: rows of every rank, on every rank.
#pragma once

#include <vector>

#include "core/graph.h"
#include "core/ranks/communicator.h"
#include "kernels/add.h"

namespace lanet {

/// [b, ...] of each rank -> [ranks·b, ...], for several values in one collective. Backward each
/// rank gets the gradient of its own rows, summed over all ranks' use of them, in one collective
/// too: all of `differentiable` must be used in the losses. To `constants` no gradient flows back.
class Gather : public Node {
 public:
  Gather(Graph& graph, const std::string& name, const std::vector<Value*>& differentiable,
         const std::vector<Value*>& constants)
      : Node("gather", name) {
    for (Value* value : differentiable) local_.push_back(read(value, InBackward::no));
    for (Value* value : constants) local_.push_back(read_constant(value));
    for (const Value* value : differentiable) {
      global_.push_back(
          write(graph, global_shape(graph, value->shape), value->dtype, InBackward::no));
      scratch_.push_back(save(graph, value->shape, value->dtype));
    }
    for (const Value* value : constants)
      global_.push_back(write_constant(graph, global_shape(graph, value->shape), value->dtype));
  }
  void forward(Context& context) override {
    std::vector<Exchange> exchanges;
    for (size_t i = 0; i < local_.size(); ++i)
      exchanges.push_back({local_[i].data(), global_[i]->data});
    context.communicator().all_gather(context, exchanges);
  }
  void backward(Context& context) override {
    std::vector<Exchange> exchanges;
    for (size_t i = 0; i < scratch_.size(); ++i) {
      const Gradient dlocal = local_[i].gradient();
      exchanges.push_back({dlocal.add ? scratch_[i]->data : dlocal.tensor, global_[i]->grad});
    }
    context.communicator().reduce_scatter(context, exchanges);
    for (size_t i = 0; i < scratch_.size(); ++i)
      if (const Gradient dlocal = local_[i].gradient(); dlocal.add)
        add(context, {.a = dlocal.tensor, .b = scratch_[i]->data, .y = dlocal.tensor});
  }

  /// The gathered value i: of the differentiable ones, then of the constants.
  Value* global(size_t i) const { return global_.at(i); }

 private:
  static Shape global_shape(const Graph& graph, const Shape& local) {
    const int64_t rows = local[0] * graph.shard().ranks;
    LANET_REQUIRE(local.rank() == 2, "a gather of {}", local);
    return {rows, local[1]};
  }
  std::vector<Input> local_;
  std::vector<Value*> global_, scratch_;
};

}  // namespace lanet
