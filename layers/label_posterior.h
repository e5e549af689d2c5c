// The posterior of the true class as a node of the graph (docs/design.md, "One likelihood").
#pragma once

#include "core/graph.h"
#include "kernels/label_posterior.h"

namespace lanet {

/// What a given label is weighed against, beside the network's opinion; all in accumulate_dtype of
/// the logits, and external: tables that the model keeps.
struct LabelEvidence {
  Value* channel;              ///< [C, C], P(given | true), a row for each true class
  Value* log_ratio = nullptr;  ///< [samples, C]; null: none
  Value* opinions = nullptr;   ///< [samples, C], of earlier visits; null: none are kept
  double momentum = 0;         ///< the share of the earlier opinions
};

/// logits [B, C], labels i32 [B], sample_indices i32 [B] (null without tables) -> target() [B, C]
/// in the logits' dtype, and opinion() [B, C] in accumulate_dtype, which label_bank_store writes to
/// the opinions after the step. Both are constants: as the target of DistributionLoss it makes that
/// loss follow the likelihood of the given label.
class LabelPosterior : public Node {
 public:
  LabelPosterior(Graph& graph, const std::string& name, Value* logits, Value* labels,
                 Value* sample_indices, const LabelEvidence& evidence)
      : Node("label_posterior", name), momentum_(evidence.momentum) {
    const auto read_if = [&](Value* value) { return value ? read_constant(value) : Input(); };
    logits_ = read_constant(logits);
    labels_ = read_constant(labels);
    sample_indices_ = read_if(sample_indices);
    channel_ = read_constant(evidence.channel);
    log_ratio_ = read_if(evidence.log_ratio);
    opinions_ = read_if(evidence.opinions);
    target_ = write_constant(graph, logits->shape, logits->dtype);
    opinion_ = write_constant(graph, logits->shape, accumulate_dtype(logits->dtype));
  }
  void forward(Context& context) override {
    label_posterior(context, {.logits = logits_.data(),
                              .labels = labels_.data(),
                              .sample_indices = sample_indices_.data(),
                              .channel = channel_.data(),
                              .log_ratio = log_ratio_.data(),
                              .opinions = opinions_.data(),
                              .target = target_->data,
                              .opinion = opinion_->data,
                              .momentum = momentum_});
  }

  Value* target() const { return target_; }
  Value* opinion() const { return opinion_; }

 private:
  double momentum_;
  Input logits_, labels_, sample_indices_, channel_, log_ratio_, opinions_;
  Value *target_, *opinion_;
};

}  // namespace lanet
