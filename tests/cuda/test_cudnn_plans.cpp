// cuDNN has an engine for every convolution of LA-Net, on devices that need not be here.
#include <doctest/doctest.h>

#include <map>
#include <set>

#include "kernels/cuda/conv2d_statistics_cudnn.h"
#include "layers/conv2d.h"
#include "models/lanet.h"
#include "tests/cuda/described_device.h"
#include "train/config/choices.h"

namespace lanet::test {
namespace {

struct Numbers {
  const char* name;
  DType dtype;
  cudnn::TensorCores tensor_cores;
};
constexpr Numbers kNumbers[] = {{"f32", DType::f32, cudnn::TensorCores::never},
                                {"tf32", DType::f32, cudnn::TensorCores::first},
                                {"bf16", DType::bf16, cudnn::TensorCores::first}};

/// The nodes of a training step, recorded and not planned: that would take the memory of a batch.
struct Recorded {
  ParameterStore store;
  LaNet model;

  Recorded(Backbone backbone, int64_t image_size, DType dtype)
      : store(dtype, Device::cuda),
        model(store, {.backbone = backbone,
                      .neighbours = 8,
                      .bank_rows = 8192,
                      .image_size = image_size,
                      .batch = 128,
                      .samples = 12'271}) {}

  std::vector<const Conv2d*> convolutions() {
    std::vector<const Conv2d*> found;
    for (const auto& node : model.graph().nodes())
      if (const auto* convolution = dynamic_cast<const Conv2d*>(node.get()))
        found.push_back(convolution);
    return found;
  }
};

/// `f32 [128, 56, 56, 64] * [64, 3, 3, 64], stride 1`, and which gradients are wanted.
std::string describe(const Conv2d& node, const Numbers& numbers) {
  const Conv2dShape& s = node.shape();
  return fmt::format("{} {} * {}, stride {}{}{}", numbers.name, s.x(), s.weight(), s.stride,
                     node.wants_data_gradient() ? ", dx" : "",
                     node.wants_weight_gradient() ? ", dweight" : "");
}

/// What runs each pass of the node, a line a plan.
std::vector<std::string> engines(const cudnn::Descriptor& device, const Conv2d& node,
                                 const Numbers& numbers) {
  const ConvolutionPlans plans({.device = &device}, node.shape(), numbers.tensor_cores,
                               node.wants_data_gradient(), node.wants_weight_gradient());
  std::vector<std::string> lines{"forward: " + plans.forward.description()};
  auto follow = [&](const char* pass, const std::optional<cudnn::Plan>& plan) {
    if (plan) lines.push_back(fmt::format("{}: {}", pass, plan->description()));
  };
  follow("backward_data", plans.data);
  follow("backward_data (added)", plans.data_added);
  follow("backward_weight", plans.weight);
  follow("backward_weight (added)", plans.weight_added);
  return lines;
}

}  // namespace

TEST_CASE("cudnn: every convolution of a step has its engines on an H100 and an H200") {
  const cudnn::Descriptor devices[] = {described_device(kH100), described_device(kH200)};
  std::set<std::string> seen;  // equal convolutions have equal plans
  for (const std::string_view backbone : kNames<Backbone>) {
    for (const int64_t image_size : {224, 64}) {
      for (const Numbers& numbers : kNumbers) {
        Recorded recorded(choice_from<Backbone>(backbone), image_size, numbers.dtype);
        const auto convolutions = recorded.convolutions();
        CHECK(convolutions.size() > 60);  // both networks, whole
        for (const Conv2d* node : convolutions) {
          const std::string what = describe(*node, numbers);
          if (!seen.insert(what).second) continue;
          CAPTURE(backbone);
          CAPTURE(image_size);
          CAPTURE(node->name());
          CAPTURE(what);
          std::vector<std::string> lines[2];
          for (int i = 0; i < 2; ++i)
            REQUIRE_NOTHROW(lines[i] = engines(devices[i], *node, numbers));
          fmt::print("{}\n  {}\n", what, fmt::join(lines[0], "\n  "));
          if (lines[1] != lines[0]) fmt::print("  on H200\n  {}\n", fmt::join(lines[1], "\n  "));
          const bool tensor_cores = numbers.tensor_cores == cudnn::TensorCores::first;
          for (const auto& device_lines : lines)
            for (const std::string& line : device_lines)
              CHECK((line.find("on tensor cores") != std::string::npos) == tensor_cores);
        }
      }
    }
  }
}

TEST_CASE("cudnn: it holds itself able to sum the output of every bf16 convolution on an H200") {
  if (skip_without_driver_library()) return;
  const cudnn::Descriptor device = described_device(kH200);
  const cudnn::Target target{.device = &device};
  std::set<std::string> seen;
  for (const std::string_view backbone : kNames<Backbone>) {
    for (const int64_t image_size : {224, 64}) {
      Recorded recorded(choice_from<Backbone>(backbone), image_size, DType::bf16);
      for (const Conv2d* node : recorded.convolutions()) {
        const ConvolutionGraph graph =
            convolution_graph(node->shape(), CudnnConv2dStatistics::task());
        if (!seen.insert(graph.what).second) continue;
        CAPTURE(graph.what);
        const auto configurations = cudnn::allowed_configurations(
            target, cudnn::make_graph(target, graph.operations.operations),
            cudnn::TensorCores::first);
        CHECK_FALSE(configurations.empty());
        std::vector<std::string> engines;
        for (const cudnn::Descriptor& configuration : configurations) {
          engines.push_back(std::to_string(cudnn::engine_of(configuration).engine));
          CHECK(cudnn::has_tensor_cores(configuration));
          CHECK(cudnn::is_compiled(configuration));  // so there is no plan without a device
        }
        fmt::print("{}: engines {}\n", graph.what, fmt::join(engines, ", "));
      }
    }
  }
}

TEST_CASE("cudnn: a convolution without an engine is refused with its description") {
  const cudnn::Descriptor device = described_device(kWithoutBf16);
  const Conv2dShape shape{8, 56, 56, 64, 128, 3, 2, 1, DType::bf16};
  CHECK_THROWS_WITH_AS(
      plan_convolution({.device = &device}, shape, {Conv2dPass::backward_data, DType::bf16, true},
                       cudnn::TensorCores::first),
      doctest::Contains("no engine for convolution backward_data (added): x bf16 [8, 56, 56, 64], "
                        "weight bf16 [128, 3, 3, 64], stride 2, padding 1"),
      Error);
  CHECK_NOTHROW(plan_convolution({.device = &device}, {8, 56, 56, 64, 128, 3, 2, 1},
                                 {Conv2dPass::backward_data, DType::f32, true},
                                 cudnn::TensorCores::never));
}

// Weight gradients in f32 straight from bf16 images would save their rounding and a pass.
TEST_CASE("cudnn: of bf16 images no engine writes a weight's gradient in f32") {
  const cudnn::Descriptor device = described_device(kH100);
  const Conv2dShape shape{8, 56, 56, 64, 64, 3, 1, 1, DType::bf16};
  CHECK_THROWS_WITH_AS(
      plan_convolution({.device = &device}, shape, {Conv2dPass::backward_weight, DType::f32, false},
                       cudnn::TensorCores::first),
      doctest::Contains("none was proposed"), Error);
}

namespace {

constexpr Conv2dPass kAllPasses[] = {Conv2dPass::forward, Conv2dPass::backward_data,
                                     Conv2dPass::backward_weight};

/// How many different engines and settings of these the rules allow.
size_t count_allowed(const cudnn::Target& target, const ConvolutionGraph& graph,
                     cudnn::TensorCores tensor_cores) {
  std::set<std::pair<int64_t, std::map<int64_t, int64_t>>> allowed;
  for (cudnn::Descriptor& configuration : cudnn::allowed_configurations(
           target, cudnn::make_graph(target, graph.operations.operations), tensor_cores)) {
    const PlanEngine engine = cudnn::engine_of(configuration);
    std::string reason;
    if (cudnn::candidate_of(target, std::move(configuration), reason))
      allowed.emplace(engine.engine, engine.knobs);
  }
  return allowed.size();
}

/// A layer of LA-Net, in the middle of ResNet-18.
constexpr Conv2dShape layer(DType dtype) {
  return {128, 28, 28, 128, 128, 3, 1, 1, dtype};
}

}  // namespace

TEST_CASE("cudnn: every engine that the rules allow races, and a plan runs the winner") {
  const cudnn::Descriptor device = described_device(kH200);
  const cudnn::Target target{.device = &device};
  for (const Numbers& numbers : kNumbers) {
    for (const Conv2dPass pass : kAllPasses) {
      const ConvolutionTask task{pass, numbers.dtype};
      const ConvolutionGraph graph = convolution_graph(layer(numbers.dtype), task);
      CAPTURE(numbers.name);
      CAPTURE(graph.what);
      std::vector<std::string> turns;
      std::vector<int64_t> engines;
      const auto time = [&](const cudnn::Candidate& candidate, double) {
        turns.push_back(candidate.description);
        engines.push_back(cudnn::engine_of(candidate.configuration).engine);
        return std::optional(100.0 - static_cast<double>(turns.size()));  // the last wins
      };
      std::vector<PlanEngine> timed;
      for (const bool compiled : {false, true})
        cudnn::race_engines(
            target, graph.operations, numbers.tensor_cores, compiled, time, [] { return false; },
            timed);
      const std::set<int64_t> distinct(engines.begin(), engines.end());
      fmt::print("{} {}: {} candidates of {} engines\n", numbers.name, graph.what, timed.size(),
                 distinct.size());
      CHECK(timed.size() == turns.size());
      CHECK(timed.size() == count_allowed(target, graph, numbers.tensor_cores));
      CHECK(distinct.size() > 1);
      CHECK(distinct.size() == std::set(engines.begin(), engines.begin() + distinct.size()).size());
      if (numbers.tensor_cores == cudnn::TensorCores::never)
        for (const std::string& turn : turns) CHECK(turn.find("tensor cores") == std::string::npos);

      PlanTable table("described");
      table.request(
          cudnn::table_key(graph.what, numbers.tensor_cores), 1,
          [&](bool compiled, const std::function<bool()>&, std::vector<PlanEngine>& result) {
            if (!compiled) result = timed;
          });
      table.tune();
      CHECK(plan_convolution(target, layer(numbers.dtype), task, numbers.tensor_cores, &table)
                .description() == turns.back());
      CHECK(table.choices().size() == 1);
    }
  }
}

TEST_CASE("cudnn: a plan from a table has the engine and the settings that were chosen") {
  const cudnn::Descriptor device = described_device(kH200);
  const Conv2dShape shape{128, 56, 56, 64, 64, 3, 1, 1, DType::bf16};
  for (const Conv2dPass pass : kAllPasses) {
    const auto plan = [&](PlanTable* table) {
      return plan_convolution({.device = &device}, shape, {pass, DType::bf16},
                              cudnn::TensorCores::first, table);
    };
    PlanTable table("described");
    const cudnn::Plan first = plan(&table);
    CHECK(first.description() == plan(nullptr).description());
    REQUIRE(table.choices().size() == 1);
    CHECK(plan(&table).description() == first.description());
    CHECK(table.choices().size() == 1);
  }
}

TEST_CASE("cudnn: a table with an engine that does not exist is refused") {
  const cudnn::Descriptor device = described_device(kH200);
  const Conv2dShape shape{128, 56, 56, 64, 64, 3, 1, 1, DType::bf16};
  PlanTable table("described");
  const auto plan = [&] {
    plan_convolution({.device = &device}, shape, {Conv2dPass::forward, DType::bf16},
                     cudnn::TensorCores::first, &table);
  };
  plan();
  REQUIRE(table.choices().size() == 1);
  const auto [what, choice] = *table.choices().begin();
  CHECK(!choice.chosen.knobs.empty());
  table.add(what, {.chosen = {.engine = 9999}});
  CHECK_THROWS_WITH_AS(plan(), doctest::Contains("--retune chooses again"), Error);
}

}  // namespace lanet::test
