// Early-learning regularisation as a node of the graph.
#pragma once

#include "kernels/early_learning.h"
#include "layers/losses.h"

namespace lanet {

/// logits [B, C], sample_indices i32 [B] and the targets of earlier visits [samples, C], external,
/// in accumulate_dtype -> the loss, and target() [B, C], which label_bank_store writes to the
/// targets after the step: a constant.
class EarlyLearningLoss : public Loss {
 public:
  EarlyLearningLoss(Graph& graph, const std::string& name, Value* logits, Value* sample_indices,
                    Value* targets, double momentum, double weight)
      : Loss("early_learning", name, weight), momentum_(momentum) {
    logits_ = read(logits, InBackward::no);
    sample_indices_ = read_constant(sample_indices);
    targets_ = read_constant(targets);
    write_loss(graph, logits->dtype);
    target_ = write_constant(graph, logits->shape, accumulate_dtype(logits->dtype));
  }
  void forward(Context& context) override {
    early_learning(context, {.logits = logits_.data(),
                             .sample_indices = sample_indices_.data(),
                             .targets = targets_.data(),
                             .target = target_->data,
                             .loss = loss_->data,
                             .dlogits = logits_.gradient(),
                             .momentum = momentum_,
                             .scale = weight_});
  }

  Value* target() const { return target_; }

 private:
  double momentum_;
  Input logits_, sample_indices_, targets_;
  Value* target_;
};

}  // namespace lanet
