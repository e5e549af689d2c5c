#include "models/landmark_resnet.h"

#include <cmath>

#include "layers/conv2d.h"
#include "layers/lateral.h"
#include "layers/pool.h"

namespace lanet {

namespace {

/// A 1x1 convolution's weight as a matrix [out, in]. It starts as a linear layer does, uniform
/// within ±1/√in: neither batch norm nor ReLU follows, and He-normal laterals under a He-normal
/// lm_fc give heatmaps of ±15 that the shared layers would spend their first epochs on.
Value* pointwise_weight(Recorder& r, const std::string& name, int64_t out, int64_t in) {
  const Initialisation uniform{Initialisation::Kind::uniform,
                               1.0 / std::sqrt(static_cast<double>(in))};
  return r.parameter(name + ".weight", {out, in}, uniform, FileLayout::pointwise);
}

}  // namespace

// The head is linear (laterals, upsampling, sum and lm_fc; no norm, no ReLU), and bilinear x2 keeps
// the mean, so
//   v = Σ lat_i·mean(x_i) and heatmaps = Σ up^(i−1)((lm_fc·lat_i)·x_i),
// summed from the smallest map up: L channels at the large resolutions instead of 64e.
LandmarkFeatures record_landmarks(Recorder& r, Value* shared, Backbone backbone,
                                  int64_t num_landmarks) {
  const int64_t width = 64 * expansion(backbone);
  LateralValues x{shared};
  for (int i = 1; i < 4; ++i)
    x[i] = record_stage(r, fmt::format("f_q.lm_layer{}", i + 1), x[i - 1], backbone, i + 1);

  LateralValues lateral;
  for (int i = 0; i < 4; ++i)
    lateral[i] = pointwise_weight(r, fmt::format("f_q.latlayer{}", i + 1), width, x[i]->shape[3]);

  auto* pools = r.graph().add<GlobalAveragePool>("f_q.latlayers.mean", x);
  LateralValues mean;
  for (int i = 0; i < 4; ++i) mean[i] = pools->output(i);
  LandmarkFeatures out{r.add<LateralFeature>("f_q.latlayers.feature", mean, lateral), nullptr};
  if (num_landmarks == 0) return out;

  Value* head = pointwise_weight(r, "f_q.lm_fc", num_landmarks, width);
  auto* weights = r.graph().add<LateralWeights>("f_q.lm_fc.latlayers.weight", head, lateral,
                                                r.activation_dtype());
  for (int i = 3; i >= 0; --i) {
    const std::string name = fmt::format("f_q.lm_fc.latlayer{}", i + 1);
    Value* part = r.add<Conv2d>(name, x[i], weights->output(i), /*stride=*/1);
    out.heatmaps = out.heatmaps ? r.add<Upsample2xAdd>(name + ".up", out.heatmaps, part) : part;
  }
  return out;
}

}  // namespace lanet
