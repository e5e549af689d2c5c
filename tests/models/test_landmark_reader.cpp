// The landmark branch in inference sees what it sees in training.
#include "models/landmark_reader.h"

#include <doctest/doctest.h>

#include <cmath>

#include "core/parameter_io.h"
#include "core/rng.h"

namespace lanet::test {
namespace {

constexpr int64_t kBatch = 4, kSide = 64, kLandmarks = 3;

double correlation(const std::vector<double>& a, const std::vector<double>& b) {
  const auto n = static_cast<double>(a.size());
  double sum_a = 0, sum_b = 0, aa = 0, bb = 0, ab = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    sum_a += a[i];
    sum_b += b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
    ab += a[i] * b[i];
  }
  return (ab - sum_a * sum_b / n) / std::sqrt((aa - sum_a * sum_a / n) * (bb - sum_b * sum_b / n));
}

}  // namespace

TEST_CASE("landmark reader: its heatmaps are those of training, once the running statistics are") {
  Context context;
  ParameterStore store(DType::f32, Device::cpu);
  Graph training(Graph::Mode::training, Shard{});
  Value* images = record_images(training, store, kBatch, kSide);
  Recorder recorder(training, store);
  Value* shared = record_shared(recorder, images, Backbone::resnet18);
  Value* heatmaps = record_landmarks(recorder, shared, Backbone::resnet18, kLandmarks).heatmaps;
  training.keep(heatmaps);
  LandmarkReader reader(store, Backbone::resnet18, kLandmarks, kSide, kBatch);
  store.allocate(context, /*for_training=*/true);
  training.plan(context);
  reader.plan(context);
  store.initialise(context, /*seed=*/5);
  RandomStream stream(3, Purpose::test);
  std::vector<double> pixels(images->shape.elements());
  for (double& pixel : pixels) pixel = stream.uniform(-2, 2);
  write_tensor(context, images->data, pixels);
  write_tensor(context, reader.images(), pixels);

  // What is left of the starting statistics falls by a tenth in each step.
  for (int step = 0; step < 60; ++step) training.forward(context);
  reader.forward(context);
  CHECK(reader.heatmaps().shape == Shape{kBatch, kSide / 4, kSide / 4, kLandmarks});
  const std::vector<double> seen = read_tensor(context, reader.heatmaps());
  CHECK(correlation(seen, read_tensor(context, heatmaps->data)) > 0.98);

  const Tensor head = store.master(*store.find("f_q.lm_fc.weight"));
  std::vector<double> weights = read_tensor(context, head);
  for (double& weight : weights) weight *= -2;
  write_tensor(context, head, weights);
  reader.forward(context);
  const std::vector<double> scaled = read_tensor(context, reader.heatmaps());
  for (size_t i = 0; i < seen.size(); ++i)
    CHECK(scaled[i] == doctest::Approx(-2 * seen[i]).epsilon(1e-3));
}

}  // namespace lanet::test
