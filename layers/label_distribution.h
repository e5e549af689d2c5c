// Label-distribution estimation as nodes of the graph (docs/design.md, "Label distribution").
#pragma once

#include "core/graph.h"
#include "kernels/knn.h"
#include "kernels/label_aggregate.h"
#include "kernels/pair_score.h"
#include "kernels/pseudo_label.h"

namespace lanet {

/// The K nearest rows, by cosine similarity, of each of this rank's rows among those of the whole
/// batch: [N, D] -> i32 [R, K]. No gradient.
class Neighbours : public Node {
 public:
  Neighbours(Graph& graph, const std::string& name, Value* features, int64_t k)
      : Node("knn", name), k_(k), first_row_(graph.shard().first_row(features->shape[0])) {
    features_ = read_constant(features);
    indices_ = write_constant(graph, {graph.shard().rows(features->shape[0]), k}, DType::i32);
  }
  void plan(Context& context) override {
    context.reserve_workspace(
        knn_workspace_bytes(features_.shape()[0], features_.shape()[1], features_.dtype()));
  }
  void forward(Context& context) override {
    knn(context, {.features = features_.data(),
                  .indices = indices_->data,
                  .k = k_,
                  .first_row = first_row_});
  }

 private:
  int64_t k_, first_row_;
  Input features_;
  Value* indices_;
};

/// The parameters of one space's pair network behind fc_in.
struct PairScoreParameters {
  Value *weight0, *bias0, *weight2, *bias2, *weight4, *bias4;
};

/// s_ij of this rank's rows and their neighbours: h = fc_in(feature) [N, D] of the whole batch,
/// indices [R, K] -> [R, K].
class PairScore : public Node {
 public:
  PairScore(Graph& graph, const std::string& name, Value* h, Value* indices,
            const PairScoreParameters& parameters)
      : Node("pair_score", name), first_row_(graph.shard().first_row(h->shape[0])) {
    const int64_t rows = indices->shape[0], k = indices->shape[1], width = h->shape[1];
    h_ = read(h, InBackward::yes);
    weight0_ = read(parameters.weight0, InBackward::yes);
    bias0_ = read(parameters.bias0, InBackward::no);
    weight2_ = read(parameters.weight2, InBackward::yes);
    bias2_ = read(parameters.bias2, InBackward::no);
    weight4_ = read(parameters.weight4, InBackward::yes);
    bias4_ = read(parameters.bias4, InBackward::no);
    indices_ = read(indices, InBackward::yes);
    scores_ = write(graph, indices->shape, h->dtype, InBackward::yes);
    hidden0_ = save(graph, {rows * k, width / 2}, h->dtype);
    hidden2_ = save(graph, {rows * k, width / 4}, h->dtype);
  }
  void plan(Context& context) override {
    context.reserve_workspace(
        pair_score_workspace_bytes(h_.shape()[0], h_.shape()[1], indices_.shape()[1], h_.dtype()));
  }
  void forward(Context& context) override {
    pair_score(context, {.h = h_.data(),
                         .indices = indices_.data(),
                         .weight0 = weight0_.data(),
                         .bias0 = bias0_.data(),
                         .weight2 = weight2_.data(),
                         .bias2 = bias2_.data(),
                         .weight4 = weight4_.data(),
                         .bias4 = bias4_.data(),
                         .scores = scores_->data,
                         .hidden0 = hidden0_->data,
                         .hidden2 = hidden2_->data,
                         .first_row = first_row_});
  }
  void backward(Context& context) override {
    pair_score_backward(context, {.h = h_.data(),
                                  .indices = indices_.data(),
                                  .weight0 = weight0_.data(),
                                  .weight2 = weight2_.data(),
                                  .weight4 = weight4_.data(),
                                  .scores = scores_->data,
                                  .hidden0 = hidden0_->data,
                                  .hidden2 = hidden2_->data,
                                  .dscores = scores_->grad,
                                  .dh = h_.gradient(),
                                  .dweight0 = weight0_.gradient(),
                                  .dbias0 = bias0_.gradient(),
                                  .dweight2 = weight2_.gradient(),
                                  .dbias2 = bias2_.gradient(),
                                  .dweight4 = weight4_.gradient(),
                                  .dbias4 = bias4_.gradient(),
                                  .first_row = first_row_});
  }

 private:
  int64_t first_row_;
  Input h_, weight0_, bias0_, weight2_, bias2_, weight4_, bias4_, indices_;
  Value *scores_, *hidden0_, *hidden2_;
};

/// Neighbours of one space and what they count.
struct Neighbourhood {
  Value* scores;   ///< [R, K]
  Value* indices;  ///< i32 [R, K]
};

/// T [R, C] of this rank's rows, from both neighbourhoods, the logits [N, C] of the whole batch and
/// the bank's rows, which are only read.
class LabelDistribution : public Node {
 public:
  LabelDistribution(Graph& graph, const std::string& name, const Neighbourhood& expression,
                    const Neighbourhood& landmark, Value* logits, Value* sample_indices,
                    Value* bank, double bank_momentum)
      : Node("label_aggregate", name), bank_momentum_(bank_momentum) {
    scores_expression_ = read(expression.scores, InBackward::yes);
    scores_landmark_ = read(landmark.scores, InBackward::yes);
    logits_ = read(logits, InBackward::no);
    indices_expression_ = read(expression.indices, InBackward::yes);
    indices_landmark_ = read(landmark.indices, InBackward::yes);
    sample_indices_ = read(sample_indices, InBackward::no);
    bank_ = read(bank, InBackward::no);
    target_ = write(graph, {expression.scores->shape[0], logits->shape[1]}, logits->dtype,
                    InBackward::no);
    probabilities_ = save(graph, logits->shape, logits->dtype);
  }
  void plan(Context& context) override {
    context.reserve_workspace(
        label_aggregate_workspace_bytes(logits_.shape()[0], logits_.shape()[1], logits_.dtype()));
  }
  void forward(Context& context) override {
    label_aggregate(context, {.scores_expression = scores_expression_.data(),
                              .indices_expression = indices_expression_.data(),
                              .scores_landmark = scores_landmark_.data(),
                              .indices_landmark = indices_landmark_.data(),
                              .logits = logits_.data(),
                              .sample_indices = sample_indices_.data(),
                              .bank = bank_.data(),
                              .probabilities = probabilities_->data,
                              .target = target_->data,
                              .bank_momentum = bank_momentum_});
  }
  void backward(Context& context) override {
    label_aggregate_backward(context, {.scores_expression = scores_expression_.data(),
                                       .indices_expression = indices_expression_.data(),
                                       .scores_landmark = scores_landmark_.data(),
                                       .indices_landmark = indices_landmark_.data(),
                                       .probabilities = probabilities_->data,
                                       .dtarget = target_->grad,
                                       .dscores_expression = scores_expression_.gradient(),
                                       .dscores_landmark = scores_landmark_.gradient(),
                                       .dlogits = logits_.gradient(),
                                       .bank_momentum = bank_momentum_});
  }

 private:
  double bank_momentum_;
  Input scores_expression_, indices_expression_, scores_landmark_, indices_landmark_;
  Input logits_, sample_indices_, bank_;
  Value *target_, *probabilities_;
};

/// y_i of the contrastive loss: T [N, C] -> i32 [N]. No gradient.
class PseudoLabels : public Node {
 public:
  PseudoLabels(Graph& graph, const std::string& name, Value* target, Value* sample_indices,
               double threshold)
      : Node("pseudo_label", name), threshold_(threshold) {
    target_ = read(target, InBackward::no);
    sample_indices_ = read(sample_indices, InBackward::no);
    labels_ = write_constant(graph, {target->shape[0]}, DType::i32);
  }
  void forward(Context& context) override {
    pseudo_label(context, {.target = target_.data(),
                           .sample_indices = sample_indices_.data(),
                           .labels = labels_->data,
                           .threshold = threshold_});
  }

 private:
  double threshold_;
  Input target_, sample_indices_;
  Value* labels_;
};

}  // namespace lanet
