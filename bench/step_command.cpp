// bench step: a whole training step of LA-Net on random pictures, and its convolutions alone.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "bench/commands.h"
#include "layers/conv2d.h"
#include "train/random_faces.h"
#include "train/session.h"
#include "train/trainer.h"

namespace lanet::bench {

namespace {

double seconds_of(const std::function<void()>& run) {
  const auto start = std::chrono::steady_clock::now();
  run();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

int run_step(const StepOptions& options) {
  const DeviceChoice choice = choose_device(options.device);
  Context context(choice.device, static_cast<int>(options.threads));
  context.set_tf32(options.tf32);
  report_environment(choice);
  Config config;
  config.model.backbone = options.backbone;
  config.data.image_size = options.image;
  config.train.batch = options.batch;
  config.train.dtype = options.dtype;
  config.train.epochs = 1;
  Faces train = random_faces(context, 2 * options.batch, options.image);
  std::vector<int32_t> labels = train.list.labels;
  Trainer trainer(context, config, std::move(train), Faces{}, std::move(labels), options.graph);
  trainer.initialise([](const std::string&) {});

  const size_t allocations = context.memory().allocations;  // the trainer has frozen the context

  constexpr int kWarmUp = 2;
  std::vector<double> steps;
  trainer.prepare_epoch();
  for (int64_t i = 0; i < kWarmUp + options.steps; ++i) {
    const double seconds = seconds_of([&] {
      trainer.step();
      context.synchronize();
    });
    if (i >= kWarmUp) steps.push_back(seconds);
  }
  std::vector<Conv2d*> convolutions;
  for (const auto& node : trainer.model().graph().nodes()) {
    if (auto* convolution = dynamic_cast<Conv2d*>(node.get())) convolutions.push_back(convolution);
  }
  trainer.model().graph().clear(context);
  const int64_t scratch_bytes = static_cast<int64_t>(context.workspace_bytes());
  context.fill_zero(
      {context.workspace(scratch_bytes), {scratch_bytes}, DType::u8, context.device()});
  std::vector<double> alone;
  for (int64_t i = 0; i < 1 + std::max<int64_t>(3, options.steps / 2); ++i) {
    const double seconds = seconds_of([&] {
      for (Conv2d* convolution : convolutions) convolution->run_primitives(context);
      context.synchronize();
    });
    if (i > 0) alone.push_back(seconds);
  }
  std::sort(steps.begin(), steps.end());
  std::sort(alone.begin(), alone.end());
  const double images = static_cast<double>(options.batch);
  const double median = steps[steps.size() / 2], convolution_median = alone[alone.size() / 2];
  const size_t peak = context.memory().peak_bytes;
  const size_t allocated_after = context.memory().allocations - allocations;
  if (options.json) {
    const nlohmann::ordered_json line = {
        {"images_per_second", images / median},
        {"convolutions_images_per_second", images / convolution_median},
        {"step_ms",
         {{"median", 1e3 * median}, {"min", 1e3 * steps.front()}, {"max", 1e3 * steps.back()}}},
        {"peak_memory_bytes", peak},
        {"allocations_after_freeze", allocated_after},
        {"captured", trainer.captured()},
        {"device", to_string(context.device())},
        {"threads", context.threads()},
        {"dtype", options.dtype},
        {"backbone", options.backbone},
        {"image", options.image},
        {"batch", options.batch}};
    fmt::print("{}\n", line.dump());
    return 0;
  }
  fmt::print(
      "{} {} px batch {} {} on {}, {} threads\n"
      "step            {:8.1f} ms median ({:.1f} to {:.1f})  {:8.2f} img/s\n"
      "its convolutions{:8.1f} ms median                     {:8.2f} img/s\n"
      "share           {:8.1f} %\n"
      "peak memory     {:8.1f} MB, {} allocations after the freeze\n",
      options.backbone, options.image, options.batch, options.dtype, to_string(context.device()),
      context.threads(), 1e3 * median, 1e3 * steps.front(), 1e3 * steps.back(), images / median,
      1e3 * convolution_median, images / convolution_median, 100 * convolution_median / median,
      static_cast<double>(peak) / 1e6, allocated_after);
  return 0;
}

}  // namespace lanet::bench
