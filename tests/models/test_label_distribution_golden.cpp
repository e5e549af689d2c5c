// The golden label_distribution entries: the operations of the label-distribution estimation in the
// order in which a training step runs them, forward and backward.
#include <algorithm>

#include "kernels/kl_divergence.h"
#include "kernels/knn.h"
#include "kernels/label_aggregate.h"
#include "kernels/label_bank.h"
#include "kernels/linear.h"
#include "kernels/pair_score.h"
#include "tests/golden.h"

namespace lanet::test {
namespace {

constexpr double kBankMomentum = 0.9;  // that the golden entries were computed with

/// One space: its features, its score network (fc_in, then the layers of pair_score) and what a
/// step computes from them.
struct Space {
  OwnedTensor features, fc_in, fc_in_bias, weight0, bias0, weight2, bias2, weight4, bias4;
  OwnedTensor h, indices, scores, hidden0, hidden2, dscores, dh;
  OwnedTensor dfeatures, dfc_in, dfc_in_bias, dweight0, dbias0, dweight2, dbias2, dweight4, dbias4;

  Space(const std::string& prefix, const char* name, int64_t n, int64_t d, int64_t k, DType dtype)
      : features(golden_tensor(prefix + name, {n, d}, dtype, -1, 1)),
        fc_in(parameter(prefix, name, "fc_in.weight", {d, d}, d, dtype)),
        fc_in_bias(parameter(prefix, name, "fc_in.bias", {d}, d, dtype)),
        weight0(parameter(prefix, name, "fc_out.0.weight", {d / 2, d}, d, dtype)),
        bias0(parameter(prefix, name, "fc_out.0.bias", {d / 2}, d, dtype)),
        weight2(parameter(prefix, name, "fc_out.2.weight", {d / 4, d / 2}, d / 2, dtype)),
        bias2(parameter(prefix, name, "fc_out.2.bias", {d / 4}, d / 2, dtype)),
        weight4(parameter(prefix, name, "fc_out.4.weight", {2, d / 4}, d / 4, dtype)),
        bias4(parameter(prefix, name, "fc_out.4.bias", {2}, d / 4, dtype)),
        h({n, d}, dtype),
        indices({n, k}, DType::i32),
        scores({n, k}, dtype),
        hidden0({n * k, d / 2}, dtype),
        hidden2({n * k, d / 4}, dtype),
        dscores({n, k}, dtype),
        dh({n, d}, dtype),
        dfeatures({n, d}, dtype),
        dfc_in({d, d}, dtype),
        dfc_in_bias({d}, dtype),
        dweight0({d / 2, d}, dtype),
        dbias0({d / 2}, dtype),
        dweight2({d / 4, d / 2}, dtype),
        dbias2({d / 4}, dtype),
        dweight4({2, d / 4}, dtype),
        dbias4({2}, dtype) {}

  static OwnedTensor parameter(const std::string& prefix, const std::string& name,
                               const std::string& layer, const Shape& shape, int64_t inputs,
                               DType dtype) {
    const double bound = 1 / std::sqrt(static_cast<double>(inputs));
    return golden_tensor(prefix + name + "_score." + layer, shape, dtype, -bound, bound);
  }

  void forward(Context& context) {
    const int64_t k = indices.shape()[1];
    knn(context, {.features = features, .indices = indices, .k = k});
    linear(context, {.x = features, .weight = fc_in, .bias = fc_in_bias, .y = h});
    pair_score(context, {.h = h,
                         .indices = indices,
                         .weight0 = weight0,
                         .bias0 = bias0,
                         .weight2 = weight2,
                         .bias2 = bias2,
                         .weight4 = weight4,
                         .bias4 = bias4,
                         .scores = scores,
                         .hidden0 = hidden0,
                         .hidden2 = hidden2});
  }
  void backward(Context& context) {
    pair_score_backward(context, {.h = h,
                                  .indices = indices,
                                  .weight0 = weight0,
                                  .weight2 = weight2,
                                  .weight4 = weight4,
                                  .scores = scores,
                                  .hidden0 = hidden0,
                                  .hidden2 = hidden2,
                                  .dscores = dscores,
                                  .dh = {dh},
                                  .dweight0 = {dweight0},
                                  .dbias0 = {dbias0},
                                  .dweight2 = {dweight2},
                                  .dbias2 = {dbias2},
                                  .dweight4 = {dweight4},
                                  .dbias4 = {dbias4}});
    linear_backward(context, {.x = features,
                              .weight = fc_in,
                              .y = h,
                              .dy = dh,
                              .dx = {dfeatures},
                              .dweight = {dfc_in},
                              .dbias = {dfc_in_bias}});
  }
};

/// Neighbours in ascending order, as the files list them.
OwnedTensor sorted_rows(const OwnedTensor& indices) {
  const int64_t k = indices.shape()[1];
  OwnedTensor sorted = indices;
  int32_t* row = sorted.tensor().as<int32_t>();
  for (int64_t i = 0; i < indices.elements(); i += k) std::sort(row + i, row + i + k);
  return sorted;
}

/// A parameter's gradient against the norm and the first elements of the file.
void check_summary(const OwnedTensor& gradient, const nlohmann::json& expected, double bound) {
  const double norm = expected["norm"], n = static_cast<double>(gradient.elements());
  CHECK(std::abs(std::sqrt(dot(gradient, gradient)) / norm - 1) < bound);
  double largest = norm / std::sqrt(n);
  for (const double value : expected["head"]) largest = std::max(largest, std::abs(value));
  for (size_t i = 0; i < expected["head"].size(); ++i)
    CHECK(std::abs(gradient.at(i) - expected["head"][i].get<double>()) <= bound * largest);
}

void check_space(const Space& space, const nlohmann::json& entry, const std::string& name,
                 const std::string& long_name, DType dtype) {
  CAPTURE(name);
  const Shape shape = space.features.shape();
  const double bound = dtype == DType::f64 ? 1e-9 : 1e-5;
  const double summary_bound = dtype == DType::f64 ? 1e-9 : 1e-4;
  CHECK(sorted_rows(space.indices)
            .bits_equal(
                golden_array(entry["neighbours_" + long_name], space.indices.shape(), DType::i32)));
  CHECK(relative_error(space.dfeatures, golden_array(entry["grad_" + name], shape)) < bound);
  const auto& scores = entry["grad_score"];
  auto check = [&](const char* layer, const OwnedTensor& gradient, double layer_bound) {
    CAPTURE(layer);
    check_summary(gradient, scores[name + "_score." + layer], layer_bound);
  };
  check("fc_in.weight", space.dfc_in, summary_bound);
  check("fc_in.bias", space.dfc_in_bias, summary_bound);
  check("fc_out.0.weight", space.dweight0, summary_bound);
  check("fc_out.0.bias", space.dbias0, summary_bound);
  check("fc_out.2.weight", space.dweight2, summary_bound);
  check("fc_out.2.bias", space.dbias2, summary_bound);
  check("fc_out.4.weight", space.dweight4, summary_bound);
  check("fc_out.4.bias", space.dbias4, dtype == DType::f64 ? 1e-9 : 1e-3);
}

void check_entry(const nlohmann::json& entry, const std::string& prefix, DType dtype) {
  const int64_t n = entry["batch"], k = entry["neighbours"], classes = entry["classes"];
  const int64_t samples = entry["samples"];
  Space expression(prefix, "fer", n, entry["dim_expression"], k, dtype);
  Space landmark(prefix, "lm", n, entry["dim_landmark"], k, dtype);
  const OwnedTensor logits = golden_tensor(prefix + "logits", {n, classes}, dtype, -3, 3);
  OwnedTensor bank = golden_tensor(prefix + "bank", {samples, classes}, DType::f64, 0.01, 1);
  for (int64_t row = 0; row < samples; ++row) {
    double sum = 0;
    for (int64_t c = row * classes; c < (row + 1) * classes; ++c) sum += bank.at(c);
    for (int64_t c = row * classes; c < (row + 1) * classes; ++c) bank.set(c, bank.at(c) / sum);
  }
  bank = bank.cast(dtype);
  const OwnedTensor indices = golden_array(entry["indices"], {n}, DType::i32);
  OwnedTensor probabilities({n, classes}, dtype), target({n, classes}, dtype), kl({1}, dtype);
  OwnedTensor dtarget({n, classes}, dtype), dlogits({n, classes}, dtype);

  Context context;
  for (const OwnedTensor* features : {&expression.features, &landmark.features}) {
    const int64_t d = features->shape()[1];
    context.reserve_workspace(knn_workspace_bytes(n, d, dtype));
    context.reserve_workspace(pair_score_workspace_bytes(n, d, k, dtype));
  }
  context.reserve_workspace(label_aggregate_workspace_bytes(n, classes, dtype));
  expression.forward(context);
  landmark.forward(context);
  label_aggregate(context, {.scores_expression = expression.scores,
                            .indices_expression = expression.indices,
                            .scores_landmark = landmark.scores,
                            .indices_landmark = landmark.indices,
                            .logits = logits,
                            .sample_indices = indices,
                            .bank = bank,
                            .probabilities = probabilities,
                            .target = target,
                            .bank_momentum = kBankMomentum});
  label_bank_store(context, {.target = target, .sample_indices = indices, .bank = bank});
  kl_divergence(
      context,
      {.target = target, .logits = logits, .loss = kl, .dtarget = {dtarget}, .dlogits = {dlogits}});
  label_aggregate_backward(context, {.scores_expression = expression.scores,
                                     .indices_expression = expression.indices,
                                     .scores_landmark = landmark.scores,
                                     .indices_landmark = landmark.indices,
                                     .probabilities = probabilities,
                                     .dtarget = dtarget,
                                     .dscores_expression = {expression.dscores},
                                     .dscores_landmark = {landmark.dscores},
                                     .dlogits = {dlogits, /*add=*/true},
                                     .bank_momentum = kBankMomentum});
  expression.backward(context);
  landmark.backward(context);

  const double bound = dtype == DType::f64 ? 1e-9 : 1e-5;
  auto check_array = [&](const OwnedTensor& tensor, const char* name) {
    CAPTURE(name);
    CHECK(relative_error(tensor, golden_array(entry[name], tensor.shape())) < bound);
  };
  CHECK(std::abs(kl.at(0) / entry["kl"].get<double>() - 1) < bound);
  check_array(target, "targets");
  OwnedTensor bank_rows({n, classes}, dtype);
  bank_rows.fill([&](int64_t e) {
    return bank.at(static_cast<int64_t>(indices.at(e / classes)) * classes + e % classes);
  });
  check_array(bank_rows, "bank_rows_after");
  check_array(dlogits, "grad_logits");
  check_space(expression, entry, "fer", "expression", dtype);
  check_space(landmark, entry, "lm", "landmark", dtype);
}

}  // namespace

TEST_CASE("label distribution: the golden entries, values and gradients, in f64 and f32") {
  const auto golden = golden_file("components.json");
  const std::string salt = golden["salt"];
  int number = 0;
  for (const auto& entry : golden["label_distribution"]) {
    const std::string prefix = salt + "/lde" + std::to_string(++number) + "/";
    CAPTURE(prefix);
    for (const DType dtype : {DType::f64, DType::f32}) {
      CAPTURE(dtype);
      check_entry(entry, prefix, dtype);
    }
  }
  CHECK(number == 2);
}

}  // namespace lanet::test
