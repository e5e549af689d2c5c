// The four losses as nodes of the graph. Each writes its value and, times its weight in the total,
// its gradients in one pass (docs/design.md, "Losses").
#pragma once

#include "core/graph.h"
#include "kernels/adaptive_wing.h"
#include "kernels/heatmap.h"
#include "kernels/info_nce.h"
#include "kernels/kl_divergence.h"
#include "kernels/softmax_cross_entropy.h"

namespace lanet {

/// A loss: output() is its unweighted value, [1], readable after the step.
class Loss : public Node {
 public:
  bool is_loss() const override { return true; }

 protected:
  Loss(const std::string& kind, const std::string& name, double weight)
      : Node(kind, name), weight_(weight) {}
  void write_loss(Graph& graph, DType dtype) {
    loss_ = write_constant(graph, {1}, accumulate_dtype(dtype));
    graph.keep(loss_);
  }
  double weight_;
  Value* loss_ = nullptr;
};

/// Cross entropy of logits [B, C] with labels i32 [B], of which all classes share `smoothing`.
class CrossEntropyLoss : public Loss {
 public:
  CrossEntropyLoss(Graph& graph, const std::string& name, Value* logits, Value* labels,
                   double weight, double smoothing = 0)
      : Loss("softmax_cross_entropy", name, weight), smoothing_(smoothing) {
    logits_ = read(logits, InBackward::no);
    labels_ = read(labels, InBackward::no);
    write_loss(graph, logits->dtype);
  }
  void forward(Context& context) override {
    softmax_cross_entropy(context, {.logits = logits_.data(),
                                    .labels = labels_.data(),
                                    .loss = loss_->data,
                                    .dlogits = logits_.gradient(),
                                    .scale = weight_,
                                    .smoothing = smoothing_});
  }

 private:
  double smoothing_;
  Input logits_, labels_;
};

/// KL(target ‖ softmax(logits)), with the gradient to both.
class DistributionLoss : public Loss {
 public:
  DistributionLoss(Graph& graph, const std::string& name, Value* target, Value* logits,
                   double weight)
      : Loss("kl_divergence", name, weight) {
    target_ = read(target, InBackward::no);
    logits_ = read(logits, InBackward::no);
    write_loss(graph, logits->dtype);
  }
  void forward(Context& context) override {
    kl_divergence(context, {.target = target_.data(),
                            .logits = logits_.data(),
                            .loss = loss_->data,
                            .dtarget = target_.gradient(),
                            .dlogits = logits_.gradient(),
                            .scale = weight_});
  }

 private:
  Input target_, logits_;
};

/// Heatmap targets and weights [B, h, w, L] from landmarks [B, L, 2] in input pixels; valid u8 [B].
class HeatmapTarget : public Node {
 public:
  HeatmapTarget(Graph& graph, const std::string& name, Value* landmarks, Value* valid,
                int64_t height, int64_t width)
      : Node("heatmap", name) {
    landmarks_ = read(landmarks, InBackward::no);
    valid_ = read(valid, InBackward::no);
    const Shape shape{landmarks->shape[0], height, width, landmarks->shape[1]};
    target_ = write_constant(graph, shape, landmarks->dtype);
    weight_ = write_constant(graph, shape, landmarks->dtype);
  }
  void forward(Context& context) override {
    heatmap(context, {.landmarks = landmarks_.data(),
                      .valid = valid_.data(),
                      .target = target_->data,
                      .weight = weight_->data});
  }

 private:
  Input landmarks_, valid_;
  Value *target_, *weight_;
};

/// Adaptive wing of heatmaps [B, h, w, C], whose channels from L on are padding, against `target`,
/// its outputs being target and weight.
class LandmarkLoss : public Loss {
 public:
  LandmarkLoss(Graph& graph, const std::string& name, Value* heatmaps, const HeatmapTarget& target,
               double weight)
      : Loss("adaptive_wing", name, weight) {
    heatmaps_ = read(heatmaps, InBackward::no);
    target_ = read(target.output(0), InBackward::no);
    element_weight_ = read(target.output(1), InBackward::no);
    write_loss(graph, heatmaps->dtype);
  }
  void plan(Context& context) override {
    context.reserve_workspace(adaptive_wing_workspace_bytes(target_.shape()));
  }
  void forward(Context& context) override {
    adaptive_wing(context, {.prediction = heatmaps_.data(),
                            .target = target_.data(),
                            .weight = element_weight_.data(),
                            .loss = loss_->data,
                            .dprediction = heatmaps_.gradient(),
                            .scale = weight_});
  }

 private:
  Input heatmaps_, target_, element_weight_;
};

/// What both directions of the contrastive loss share.
struct ContrastiveState {
  Value* labels;       ///< i32 [B], pseudo labels
  Value* bank_labels;  ///< i32 [M]
  double temperature;
};

/// This rank's queries of one space against the keys of the whole batch and the bank of the other:
/// [R, d], [B, d], [M, d].
class ContrastiveLoss : public Loss {
 public:
  ContrastiveLoss(Graph& graph, const std::string& name, Value* queries, Value* keys, Value* bank,
                  const ContrastiveState& state, double weight)
      : Loss("info_nce", name, weight), first_row_(graph.shard().first_row(keys->shape[0])) {
    queries_ = read(queries, InBackward::no);
    keys_ = read(keys, InBackward::no);
    bank_ = read(bank, InBackward::no);
    labels_ = read(state.labels, InBackward::no);
    bank_labels_ = read(state.bank_labels, InBackward::no);
    temperature_ = state.temperature;
    write_loss(graph, queries->dtype);
  }
  void plan(Context& context) override {
    context.reserve_workspace(info_nce_workspace_bytes(queries_.shape()[0], keys_.shape()[0],
                                                       queries_.shape()[1], bank_.shape()[0],
                                                       queries_.dtype()));
  }
  void forward(Context& context) override {
    info_nce(context, {.q = queries_.data(),
                       .k = keys_.data(),
                       .bank = bank_.data(),
                       .labels = labels_.data(),
                       .bank_labels = bank_labels_.data(),
                       .loss = loss_->data,
                       .dq = queries_.gradient(),
                       .temperature = temperature_,
                       .scale = weight_,
                       .first_row = first_row_});
  }

 private:
  int64_t first_row_;
  Input queries_, keys_, bank_, labels_, bank_labels_;
  double temperature_;
};

}  // namespace lanet
