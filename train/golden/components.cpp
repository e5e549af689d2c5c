// Running components.json: single losses and modules, each in a small graph of the same nodes that
// LaNet is made of.
#include <climits>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/golden_fill.h"
#include "core/parameter_io.h"
#include "kernels/label_bank.h"
#include "layers/linear.h"
#include "layers/losses.h"
#include "models/lanet.h"
#include "train/config/config.h"
#include "train/golden/check.h"
#include "train/golden/step.h"

namespace lanet {

using nlohmann::json;

namespace {

/// Values of a small graph that belong to the caller, with gradients where asked for.
class Inputs {
 public:
  Inputs(Context& context, Graph& graph) : context_(context), graph_(graph) {}

  Value* add(const std::string& name, const Shape& shape, DType dtype, std::vector<double> values,
             bool has_grad) {
    return graph_.external(name, shape, dtype, has_grad,
                           [this, values = std::move(values)](Value& value) {
                             value.data = allocate(value.shape, value.dtype);
                             write_tensor(context_, value.data, values);
                             if (value.differentiable)
                               value.grad = allocate(value.shape, value.grad_dtype);
                           });
  }
  std::vector<double> data(const Value* value) { return read_tensor(context_, value->data); }
  std::vector<double> grad(const Value* value) { return read_tensor(context_, value->grad); }

 private:
  Tensor allocate(const Shape& shape, DType dtype) {
    memory_.push_back(context_.allocate(shape.elements() * size_of(dtype)));
    return memory_.back().tensor(shape, dtype);
  }
  Context& context_;
  Graph& graph_;
  std::vector<Buffer> memory_;
};

void run(Context& context, Graph& graph) {
  graph.plan(context);
  graph.forward(context);
  graph.backward(context);
}

json adaptive_wing_entry(Context& context, const json& golden, const std::string& salt,
                         DType dtype) {
  const auto s = golden.at("shape").get<std::vector<int64_t>>();
  const Shape shape{s[0], s[1], s[2], s[3]};
  const DType exact = accumulate_dtype(dtype);
  auto fill = [&](const char* name, double lo, double hi) {
    return golden_fill(salt + "/awing/" + name, shape.elements(), lo, hi);
  };
  // The loss looks at elements alone: the order of dimensions does not matter.
  std::vector<double> weight = fill("weight", 0, 1);
  for (double& w : weight) w = w > 0.7 ? kHeatmapWeight : 1;
  Buffer memory[5];
  auto tensor = [&](int i, DType type, const Shape& of) {
    memory[i] = context.allocate(of.elements() * size_of(type));
    return memory[i].tensor(of, type);
  };
  const Tensor prediction = tensor(0, dtype, shape), target = tensor(1, exact, shape),
               weights = tensor(2, exact, shape), loss = tensor(3, exact, {1}),
               gradient = tensor(4, dtype, shape);
  write_tensor(context, prediction, fill("pred", -1.5, 2.5));
  write_tensor(context, target, fill("target", 0, 1));
  write_tensor(context, weights, weight);
  context.reserve_workspace(adaptive_wing_workspace_bytes(shape));
  adaptive_wing(context, {.prediction = prediction,
                          .target = target,
                          .weight = weights,
                          .loss = loss,
                          .dprediction = {gradient}});
  return {{"loss", read_tensor(context, loss)[0]}, {"grad_pred", read_tensor(context, gradient)}};
}

json heatmap_entry(Context& context, const json& golden, DType dtype) {
  const int64_t grid = golden.at("grid").get<int64_t>();
  const DType exact = accumulate_dtype(dtype);
  Graph graph(Graph::Mode::inference);
  Inputs inputs(context, graph);
  std::vector<double> point;
  for (const json& cell : golden.at("point_xy"))
    point.push_back(kHeatmapStride * cell.get<double>());
  Value* landmarks = inputs.add("landmarks", {1, 1, 2}, exact, point, false);
  Value* valid = inputs.add("valid", {1}, DType::u8, {1}, false);
  auto* node = graph.add<HeatmapTarget>("heatmap", landmarks, valid, grid, grid);
  graph.keep(node->output(0));
  graph.keep(node->output(1));
  graph.plan(context);
  graph.forward(context);
  return {{"target", rows_of(inputs.data(node->output(0)), grid)},
          {"weight", rows_of(inputs.data(node->output(1)), grid)}};
}

json label_distribution_entry(Context& context, const json& golden, const std::string& prefix,
                              DType dtype) {
  auto integer = [&](const char* key) { return golden.at(key).get<int64_t>(); };
  const int64_t batch = integer("batch"), classes = integer("classes"), k = integer("neighbours");
  const DType head = accumulate_dtype(dtype);
  Graph graph(Graph::Mode::training);
  Inputs inputs(context, graph);
  ParameterStore store(head, context.device());
  Recorder recorder(graph, store);
  auto filled = [&](const char* name, const Shape& shape, double lo, double hi) {
    return golden_fill(prefix + name, shape.elements(), lo, hi);
  };
  const Shape fer_shape{batch, integer("dim_expression")}, lm_shape{batch, integer("dim_landmark")};
  const Shape logit_shape{batch, classes}, bank_shape{integer("samples"), classes};
  Value* fer = inputs.add("fer", fer_shape, head, filled("fer", fer_shape, -1, 1), true);
  Value* lm = inputs.add("lm", lm_shape, head, filled("lm", lm_shape, -1, 1), true);
  Value* logits =
      inputs.add("logits", logit_shape, head, filled("logits", logit_shape, -3, 3), true);
  std::vector<double> bank_rows = filled("bank", bank_shape, 0.01, 1);
  for (int64_t i = 0; i < bank_shape[0]; ++i) {
    double sum = 0;
    for (int64_t c = 0; c < classes; ++c) sum += bank_rows[i * classes + c];
    for (int64_t c = 0; c < classes; ++c) bank_rows[i * classes + c] /= sum;
  }
  Value* bank = inputs.add("bank", bank_shape, head, bank_rows, false);
  const auto indices = golden.at("indices").get<std::vector<double>>();
  Value* samples = inputs.add("indices", {batch}, DType::i32, indices, false);

  const Neighbourhood near_fer = record_neighbourhood(
      recorder, "fer_score", fer, record_pair_input(recorder, "fer_score", fer), k);
  const Neighbourhood near_lm = record_neighbourhood(
      recorder, "lm_score", lm, record_pair_input(recorder, "lm_score", lm), k);
  Value* target = recorder.add<LabelDistribution>("target", near_fer, near_lm, logits, samples,
                                                  bank, Config{}.model.bank_momentum);
  Value* loss = recorder.add<DistributionLoss>("kl", target, logits, 1.0);
  for (Value* value : {target, near_fer.indices, near_lm.indices}) graph.keep(value);
  store.allocate(context, /*for_training=*/true);
  for (const Parameter& p : store.parameters()) {
    // A bias is filled by its own layer's fan_in.
    const std::string weight = p.name.substr(0, p.name.rfind('.')) + ".weight";
    const double limit = 1 / std::sqrt(static_cast<double>(store.find(weight)->shape[1]));
    write_tensor(context, store.master(p),
                 golden_fill(prefix + p.name, p.logical.elements(), -limit, limit));
  }
  run(context, graph);
  label_bank_store(context,
                   {.target = target->data, .sample_indices = samples->data, .bank = bank->data});

  const auto bank_after = inputs.data(bank);
  json rows_after = json::array();
  for (const double index : indices) {
    const auto row = bank_after.begin() + static_cast<int64_t>(index) * classes;
    rows_after.push_back(std::vector<double>(row, row + classes));
  }
  json result = {{"neighbours_expression", rows_of(inputs.data(near_fer.indices), k)},
                 {"neighbours_landmark", rows_of(inputs.data(near_lm.indices), k)},
                 {"targets", rows_of(inputs.data(target), classes)},
                 {"kl", inputs.data(loss)[0]},
                 {"bank_rows_after", rows_after},
                 {"grad_logits", rows_of(inputs.grad(logits), classes)},
                 {"grad_fer", rows_of(inputs.grad(fer), fer_shape[1])},
                 {"grad_lm", rows_of(inputs.grad(lm), lm_shape[1])}};
  for (const Parameter& p : store.parameters())
    result["grad_score"][p.name] = summarise(read_tensor(context, store.gradient(p)));
  return result;
}

json contrastive_entry(Context& context, const json& golden, const std::string& prefix,
                       DType dtype) {
  const int64_t batch = golden.at("queries").get<int64_t>(), dim = golden.at("dim").get<int64_t>();
  const int64_t bank_rows = golden.at("bank").get<int64_t>();
  Graph graph(Graph::Mode::training);
  Inputs inputs(context, graph);
  auto filled = [&](const char* name, const Shape& shape, bool has_grad) {
    return inputs.add(name, shape, dtype, golden_fill(prefix + name, shape.elements(), -1, 1),
                      has_grad);
  };
  auto labels_of = [&](const char* key, int64_t count) {
    std::vector<double> labels;
    for (const json& label : golden.at(key))
      labels.push_back(static_cast<double>(std::max<int64_t>(label.get<int64_t>(), kNoLabel)));
    return inputs.add(key, {count}, DType::i32, labels, false);
  };
  Value* q = filled("q", {batch, dim}, true);
  Value* unit_q = graph.add<L2Normalize>("unit_q", q)->output();
  Value* unit_k = graph.add<L2Normalize>("unit_k", filled("k", {batch, dim}, false))->output();
  Value* unit_bank =
      graph.add<L2Normalize>("unit_bank", filled("bank", {bank_rows, dim}, false))->output();
  const ContrastiveState state{labels_of("labels", batch), labels_of("bank_labels", bank_rows),
                               golden.at("temperature").get<double>()};
  Value* loss =
      graph.add<ContrastiveLoss>("info_nce", unit_q, unit_k, unit_bank, state, 1.0)->output();
  // The gradient by q arrives in q's own precision, not in a parameter's.
  q->grad_dtype = dtype;
  run(context, graph);
  return {{"loss", inputs.data(loss)[0]}, {"grad_q", rows_of(inputs.grad(q), dim)}};
}

}  // namespace

json run_golden_components(Context& context, const json& golden, const std::string& name,
                           DType dtype) {
  try {
    const auto salt = golden.at("salt").get<std::string>();
    json result = {
        {"adaptive_wing", adaptive_wing_entry(context, golden.at("adaptive_wing"), salt, dtype)},
        {"heatmap", heatmap_entry(context, golden.at("heatmap"), dtype)}};
    int i = 0;
    for (const json& entry : golden.at("label_distribution"))
      result["label_distribution"].push_back(
          label_distribution_entry(context, entry, fmt::format("{}/lde{}/", salt, ++i), dtype));
    i = 0;
    for (const json& entry : golden.at("contrastive"))
      result["contrastive"].push_back(
          contrastive_entry(context, entry, fmt::format("{}/con{}/", salt, ++i), dtype));
    return result;
  } catch (const json::exception& e) {
    throw InputError(fmt::format("{}: not a golden components file: {}", name, e.what()));
  }
}

}  // namespace lanet
