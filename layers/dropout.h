// Dropout as a node of the graph.
#pragma once

#include "core/graph.h"
#include "core/hash.h"
#include "kernels/dropout.h"

namespace lanet {

/// x [R, ...], this rank's rows of a batch, some of whose elements become 0: in training alone, so
/// an inference graph has no such node. step: i32 [1], the number of the training step, which the
/// caller writes. Masks are keyed by seed and name: they do not depend on which other layers there
/// are. A batch has the same masks however many ranks share it.
class Dropout : public Node {
 public:
  Dropout(Graph& graph, const std::string& name, Value* x, Value* step, double rate, uint64_t seed)
      : Node("dropout", name),
        rate_(rate),
        seed_(seed),
        first_element_(graph.shard().rank * x->shape.elements()) {
    LANET_REQUIRE(graph.mode() == Graph::Mode::training, "dropout {} in an inference graph", name);
    x_ = read(x, InBackward::no);
    step_ = read(step, InBackward::yes);
    y_ = write(graph, x->shape, x->dtype, InBackward::no);
  }
  void forward(Context& context) override {
    dropout(context, {.x = x_.data(), .y = y_->data, .mask = mask()});
  }
  void backward(Context& context) override {
    dropout_backward(context, {.dy = y_->grad, .dx = x_.gradient(), .mask = mask()});
  }

 private:
  DropoutMask mask() const {
    return {.rate = rate_,
            .seed = seed_,
            .step = step_.data(),
            .layer = static_cast<uint32_t>(fnv1a(name())),
            .first_element = first_element_};
  }
  double rate_;
  uint64_t seed_;
  int64_t first_element_;
  Input x_, step_;
  Value* y_;
};

}  // namespace lanet
