// Label-distribution estimation as nodes of the graph (design: LA-Net part 2).
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
        knn_workspace_bytes(features_->shape[0], features_->shape[1], features_->dtype));
  }
  void forward(Context& context) override {
    knn(context,
        {.features = features_->data, .indices = indices_->data, .k = k_, .first_row = first_row_});
  }

 private:
  int64_t k_, first_row_;
  Value *features_, *indices_;
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
      : Node("pair_score", name), p_(parameters), first_row_(graph.shard().first_row(h->shape[0])) {
    const int64_t rows = indices->shape[0], k = indices->shape[1], width = h->shape[1];
    h_ = read(h, InBackward::yes);
    read(p_.weight0, InBackward::yes);
    read(p_.bias0, InBackward::no);
    read(p_.weight2, InBackward::yes);
    read(p_.bias2, InBackward::no);
    read(p_.weight4, InBackward::yes);
    read(p_.bias4, InBackward::no);
    indices_ = read(indices, InBackward::yes);
    scores_ = write(graph, indices->shape, h->dtype, InBackward::yes);
    hidden0_ = save(graph, {rows * k, width / 2}, h->dtype);
    hidden2_ = save(graph, {rows * k, width / 4}, h->dtype);
  }
  void plan(Context& context) override {
    context.reserve_workspace(
        pair_score_workspace_bytes(h_->shape[0], h_->shape[1], indices_->shape[1], h_->dtype));
  }
  void forward(Context& context) override {
    pair_score(context, {.h = h_->data,
                         .indices = indices_->data,
                         .weight0 = p_.weight0->data,
                         .bias0 = p_.bias0->data,
                         .weight2 = p_.weight2->data,
                         .bias2 = p_.bias2->data,
                         .weight4 = p_.weight4->data,
                         .bias4 = p_.bias4->data,
                         .scores = scores_->data,
                         .hidden0 = hidden0_->data,
                         .hidden2 = hidden2_->data,
                         .first_row = first_row_});
  }
  void backward(Context& context) override {
    pair_score_backward(context, {.h = h_->data,
                                  .indices = indices_->data,
                                  .weight0 = p_.weight0->data,
                                  .weight2 = p_.weight2->data,
                                  .weight4 = p_.weight4->data,
                                  .scores = scores_->data,
                                  .hidden0 = hidden0_->data,
                                  .hidden2 = hidden2_->data,
                                  .dscores = scores_->grad,
                                  .dh = gradient(0),
                                  .dweight0 = gradient(1),
                                  .dbias0 = gradient(2),
                                  .dweight2 = gradient(3),
                                  .dbias2 = gradient(4),
                                  .dweight4 = gradient(5),
                                  .dbias4 = gradient(6),
                                  .first_row = first_row_});
  }

 private:
  PairScoreParameters p_;
  int64_t first_row_;
  Value *h_, *indices_, *scores_, *hidden0_, *hidden2_;
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
      : Node("label_aggregate", name),
        expression_(expression),
        landmark_(landmark),
        bank_momentum_(bank_momentum) {
    read(expression_.scores, InBackward::yes);
    read(landmark_.scores, InBackward::yes);
    logits_ = read(logits, InBackward::no);
    read(expression_.indices, InBackward::yes);
    read(landmark_.indices, InBackward::yes);
    sample_indices_ = read(sample_indices, InBackward::no);
    bank_ = read(bank, InBackward::no);
    target_ = write(graph, {expression_.scores->shape[0], logits->shape[1]}, logits->dtype,
                    InBackward::no);
    probabilities_ = save(graph, logits->shape, logits->dtype);
  }
  void plan(Context& context) override {
    context.reserve_workspace(
        label_aggregate_workspace_bytes(logits_->shape[0], logits_->shape[1], logits_->dtype));
  }
  void forward(Context& context) override {
    label_aggregate(context, {.scores_expression = expression_.scores->data,
                              .indices_expression = expression_.indices->data,
                              .scores_landmark = landmark_.scores->data,
                              .indices_landmark = landmark_.indices->data,
                              .logits = logits_->data,
                              .sample_indices = sample_indices_->data,
                              .bank = bank_->data,
                              .probabilities = probabilities_->data,
                              .target = target_->data,
                              .bank_momentum = bank_momentum_});
  }
  void backward(Context& context) override {
    label_aggregate_backward(context, {.scores_expression = expression_.scores->data,
                                       .indices_expression = expression_.indices->data,
                                       .scores_landmark = landmark_.scores->data,
                                       .indices_landmark = landmark_.indices->data,
                                       .probabilities = probabilities_->data,
                                       .dtarget = target_->grad,
                                       .dscores_expression = gradient(0),
                                       .dscores_landmark = gradient(1),
                                       .dlogits = gradient(2),
                                       .bank_momentum = bank_momentum_});
  }

 private:
  Neighbourhood expression_, landmark_;
  double bank_momentum_;
  Value *logits_, *sample_indices_, *bank_, *target_, *probabilities_;
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
    pseudo_label(context, {.target = target_->data,
                           .sample_indices = sample_indices_->data,
                           .labels = labels_->data,
                           .threshold = threshold_});
  }

 private:
  double threshold_;
  Value *target_, *sample_indices_, *labels_;
};

}  // namespace lanet
