// A tour of the engine, from an empty graph to a trained network. Start here.
//
// A graph is recorded once: layers add nodes, and nothing is computed. plan() then decides the
// order of the nodes, who writes which gradient, and where in one block of memory every tensor
// lies. After that a training step is forward(), backward() and the optimiser, and allocates
// nothing.
#include "core/parameter_io.h"
#include "core/rng.h"
#include "kernels/adam.h"
#include "layers/losses.h"
#include "layers/recorder.h"

#include "tests/op_test.h"

namespace lanet::test {

TEST_CASE("tour: a network of two layers learns which side of a circle its points lie on") {
  constexpr int64_t kBatch = 64, kHidden = 16;
  Context context(Device::cpu);
  ParameterStore store(DType::f32, Device::cpu);

  // Record: points [64, 2] -> linear, ReLU -> linear -> logits [64, 2], and their cross entropy.
  Graph graph(Graph::Mode::training);
  Recorder recorder(graph, store);
  Value* points = graph.input("points", {kBatch, 2}, DType::f32);
  Value* labels = graph.input("labels", {kBatch}, DType::i32);
  Value* hidden = recorder.linear("hidden", points, kHidden, /*relu=*/true);
  Value* logits = recorder.linear("logits", hidden, 2);
  Value* loss = recorder.add<CrossEntropyLoss>("loss", logits, labels, /*weight=*/1.0);

  // Plan: weights first, then all else. From here on every tensor has its place.
  store.allocate(context, /*for_training=*/true);
  store.initialise(context, /*seed=*/1);
  graph.plan(context);
  MESSAGE("\n", graph.print());
  const Buffer memory = context.allocate(3 * sizeof(double));
  const Tensor step_values = memory.tensor({3}, DType::f64);
  context.freeze();

  // Train: new points in each step, labelled by whether they lie in the circle.
  const auto step = [&](int number) {
    RandomStream random(/*seed=*/1, Purpose::sampler, static_cast<uint32_t>(number));
    for (int64_t i = 0; i < kBatch; ++i) {
      const double x = 2 * random.uniform() - 1, y = 2 * random.uniform() - 1;
      points->data.as<float>()[2 * i] = static_cast<float>(x);
      points->data.as<float>()[2 * i + 1] = static_cast<float>(y);
      labels->data.as<int32_t>()[i] = x * x + y * y < 0.6;
    }
    graph.forward(context);
    graph.backward(context);
    write_tensor(context, step_values,  // the learning rate, and Adam's two corrections
                 {0.02, 1 - std::pow(0.9, number), 1 - std::pow(0.999, number)});
    const ParameterStore::Blocks blocks = store.blocks();
    adam(context, {.master = blocks.master,
                   .gradient = blocks.gradient,
                   .first_moment = blocks.first_moment,
                   .second_moment = blocks.second_moment,
                   .step_values = step_values,
                   .beta1 = 0.9,
                   .beta2 = 0.999,
                   .epsilon = 1e-8});
    return read_tensor(context, loss->data)[0];
  };
  const double first = step(1);
  double last = 0;
  for (int number = 2; number <= 300; ++number) last = step(number);
  CHECK(first == doctest::Approx(std::log(2)).epsilon(0.2));  // nothing is known of two classes
  CHECK(last < 0.2);
  context.thaw();
}

}  // namespace lanet::test
