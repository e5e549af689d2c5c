#include "models/lanet.h"

#include <cmath>
#include <numeric>
#include <span>

#include "core/parameter_io.h"
#include "core/rng.h"
#include "kernels/label_bank.h"
#include "kernels/memory_bank.h"
#include "layers/gather.h"
#include "layers/linear.h"
#include "layers/losses.h"

namespace lanet {

Value* record_pair_input(Recorder& r, const std::string& name, Value* feature) {
  return r.linear(name + ".fc_in", feature, feature->shape[1]);
}

Neighbourhood record_neighbourhood(Recorder& r, const std::string& name, Value* feature, Value* h,
                                   int64_t k) {
  const int64_t width = feature->shape[1];
  Value* indices = r.add<Neighbours>(name + ".neighbours", feature, k);
  auto layer = [&](const std::string& part, int64_t out, int64_t in) {
    const Initialisation uniform{Initialisation::Kind::uniform,
                                 1.0 / std::sqrt(static_cast<double>(in))};
    return std::pair{r.parameter(name + part + ".weight", {out, in}, uniform),
                     r.parameter(name + part + ".bias", {out}, uniform)};
  };
  const auto [weight0, bias0] = layer(".fc_out.0", width / 2, width);
  const auto [weight2, bias2] = layer(".fc_out.2", width / 4, width / 2);
  const auto [weight4, bias4] = layer(".fc_out.4", 2, width / 4);
  Value* scores = r.add<PairScore>(
      name, h, indices, PairScoreParameters{weight0, bias0, weight2, bias2, weight4, bias4});
  return {scores, indices};
}

namespace {

/// The given labels, one-hot.
void one_hot(Context& context, const Tensor& bank, const StartingPoint& start) {
  const int64_t samples = bank.shape[0], classes = bank.shape[1];
  LANET_REQUIRE(std::ssize(start.given) == samples, "{} labels for {} samples", start.given.size(),
                samples);
  std::vector<double> rows(samples * classes);
  for (int64_t i = 0; i < samples; ++i) rows[i * classes + start.given[i]] = 1;
  write_tensor(context, bank, rows);
}

/// Rows of length 1 in random directions, drawn apart for each space.
auto random_unit_rows(uint32_t space) {
  return [space](Context& context, const Tensor& bank, const StartingPoint& start) {
    const int64_t width = bank.shape[1];
    std::vector<double> rows(bank.elements());
    for (int64_t m = 0; m < bank.shape[0]; ++m) {
      RandomStream stream(start.seed, Purpose::memory_bank, space, static_cast<uint32_t>(m));
      const std::span<double> row = std::span(rows).subspan(m * width, width);
      double squares = 0;
      for (double& value : row) {
        value = normal(stream);
        squares += value * value;
      }
      for (double& value : row) value /= std::sqrt(squares);
    }
    write_tensor(context, bank, rows);
  };
}

}  // namespace

LaNet::LaNet(ParameterStore& store, const LaNetConfig& config)
    : Model(store, config.optimiser, config.shard), config_(config) {
  const int64_t rows = config.shard.rows(config.batch);
  const int64_t width = 64 * expansion(config.backbone);
  const LossWeights& weights = config.weights;
  Recorder query(graph_, store, Role::query), momentum(graph_, store, Role::momentum);
  const DType head = query.head_dtype();

  record_inputs(config.image_size, config.batch);
  record_batch_samples(config.batch);
  inputs_.landmarks = graph_.input("landmarks", {rows, config.landmarks, 2}, head);
  inputs_.landmark_valid = graph_.input("landmark_valid", {rows}, DType::u8);
  label_bank_ = record_bank("label_bank", {config.samples, config.classes}, head, one_hot);
  expression_bank_ = record_bank("expression_bank", {config.bank_rows, width}, head,
                                 random_unit_rows(/*space=*/0));
  landmark_bank_ =
      record_bank("landmark_bank", {config.bank_rows, width}, head, random_unit_rows(/*space=*/1));
  bank_labels_ =
      record_bank("bank_labels", {config.bank_rows}, DType::i32,
                  [](Context& context, const Tensor& bank, const StartingPoint&) {
                    upload(context, bank, std::vector<int32_t>(bank.elements(), kNoLabel));
                  });
  bank_pointer_ = record_bank(
      "bank_pointer", {1}, DType::i32,
      [](Context& context, const Tensor& bank, const StartingPoint&) { context.fill_zero(bank); });

  // The momentum network first: nothing of it is needed again, so its memory is free for the query.
  Value* shared_k = record_shared(momentum, inputs_.images, config.backbone);
  Value* u_k = record_expression(momentum, shared_k, config.backbone, /*classes=*/0).u;
  Value* v_k = record_landmarks(momentum, shared_k, config.backbone, /*num_landmarks=*/0).v;
  Value* expression_key = record_projection(momentum, "fer_fc.0", u_k);
  Value* landmark_key = record_projection(momentum, "lm_fc.0", v_k);

  Value* shared = record_shared(query, inputs_.images, config.backbone);
  const auto [u, logits] = record_expression(query, shared, config.backbone, config.classes);
  const auto [v, heatmaps] = record_landmarks(query, shared, config.backbone, config.landmarks);
  Value* expression_query = record_projection(query, "fer_fc.0", u);
  Value* landmark_query = record_projection(query, "lm_fc.0", v);
  logits_ = logits;

  // docs/design.md, "Label distribution".
  const std::string in_u = "f_q.smooth.fer_score", in_v = "f_q.smooth.lm_score";
  WholeBatch whole{.u = u,
                   .v = v,
                   .h_u = record_pair_input(query, in_u, u),
                   .h_v = record_pair_input(query, in_v, v),
                   .logits = logits,
                   .expression_key = expression_key,
                   .landmark_key = landmark_key};
  if (config.shard.ranks > 1) whole = gather(whole);
  const Neighbourhood near_u =
      record_neighbourhood(query, in_u, whole.u, whole.h_u, config.neighbours);
  const Neighbourhood near_v =
      record_neighbourhood(query, in_v, whole.v, whole.h_v, config.neighbours);
  target_ = query.add<LabelDistribution>("target_distribution", near_u, near_v, whole.logits,
                                         inputs_.sample_indices, label_bank_, config.bank_momentum);
  batch_targets_ = record_whole_batch("gather.targets", target_);
  scores_ = {near_u.scores, near_v.scores};
  Value* pseudo_labels = query.add<PseudoLabels>("pseudo_labels", batch_targets_,
                                                 inputs_.batch_samples, config.confidence);

  // docs/design.md, "Losses".
  auto* heatmap_target =
      graph_.add<HeatmapTarget>("heatmap_target", inputs_.landmarks, inputs_.landmark_valid,
                                heatmaps->shape[1], heatmaps->shape[2]);
  const ContrastiveState contrastive{pseudo_labels, bank_labels_, config.temperature};
  losses_ = {
      {"expression",
       weights.expression,
       {query.add<CrossEntropyLoss>("loss.expression", logits, inputs_.labels,
                                    weights.expression)}},
      {"landmark",
       weights.landmark,
       {query.add<LandmarkLoss>("loss.landmark", heatmaps, *heatmap_target, weights.landmark)}},
      {"distribution",
       weights.distribution,
       {query.add<DistributionLoss>("loss.distribution", target_, logits, weights.distribution)}},
      {"contrastive",
       weights.contrastive,
       {query.add<ContrastiveLoss>("loss.contrastive.expression", expression_query,
                                   whole.landmark_key, landmark_bank_, contrastive,
                                   weights.contrastive),
        query.add<ContrastiveLoss>("loss.contrastive.landmark", landmark_query,
                                   whole.expression_key, expression_bank_, contrastive,
                                   weights.contrastive)}}};

  inspection_ = {.heatmaps = heatmaps,
                 .expression_neighbours = near_u.indices,
                 .landmark_neighbours = near_v.indices,
                 .expression_key = whole.expression_key,
                 .landmark_key = whole.landmark_key,
                 .pseudo_labels = pseudo_labels,
                 .label_bank = label_bank_,
                 .expression_bank = expression_bank_,
                 .landmark_bank = landmark_bank_};
  // The trainer reads these; keys, pseudo labels and targets enter the banks after the optimiser.
  for (Value* value : {logits_, target_, batch_targets_, near_u.scores, near_v.scores,
                       whole.expression_key, whole.landmark_key, pseudo_labels})
    graph_.keep(value);
}

LaNet::WholeBatch LaNet::gather(const WholeBatch& own) {
  const std::vector<Value*> differentiable{own.h_u, own.h_v, own.logits};
  const std::vector<Value*> constants{own.u, own.v, own.expression_key, own.landmark_key};
  const Gather& all = *graph_.add<Gather>("gather", differentiable, constants);
  return {.u = all.global(3),
          .v = all.global(4),
          .h_u = all.global(0),
          .h_v = all.global(1),
          .logits = all.global(2),
          .expression_key = all.global(5),
          .landmark_key = all.global(6)};
}

Value* LaNet::record_projection(Recorder& r, const std::string& name, Value* feature) {
  const int64_t width = 64 * expansion(config_.backbone);
  Value* hidden = r.linear(name + ".0", feature, width, /*relu=*/true);
  return r.add<L2Normalize>(name, r.linear(name + ".2", hidden, width));
}

std::vector<double> LaNet::label_estimates(Context& context, const std::vector<int32_t>&) const {
  return read_tensor(context, label_bank_->data);
}

double LaNet::neighbour_entropy(Context& context) const {
  double sum = 0;
  int64_t rows = 0;
  for (const Value* scores : scores_) {
    const std::vector<double> s = read_tensor(context, scores->data);
    const int64_t k = scores->shape[1];
    for (auto row = s.begin(); row != s.end(); row += k, ++rows) {
      const double total = std::accumulate(row, row + k, 0.0);
      for (auto score = row; score != row + k; ++score)
        if (*score > 0) sum -= *score / total * std::log(*score / total);
    }
  }
  return sum / static_cast<double>(rows) / std::log(static_cast<double>(scores_[0]->shape[1]));
}

void LaNet::after_optimiser(Context& context) {
  label_bank_store(context, {.target = batch_targets_->data,
                             .sample_indices = inputs_.batch_samples->data,
                             .bank = label_bank_->data});
  memory_bank_enqueue(context, {.keys_expression = inspection_.expression_key->data,
                                .keys_landmark = inspection_.landmark_key->data,
                                .labels = inspection_.pseudo_labels->data,
                                .bank_expression = expression_bank_->data,
                                .bank_landmark = landmark_bank_->data,
                                .bank_labels = bank_labels_->data,
                                .pointer = bank_pointer_->data});
}

}  // namespace lanet
