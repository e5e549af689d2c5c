#include "bench/step.h"

#include <algorithm>
#include <chrono>

#include "train/random_faces.h"

namespace lanet::bench {

namespace {

Trainer make_trainer(Context& context, const StepSize& size, bool capture) {
  Faces train = random_faces(context, 2 * size.batch, size.image);
  std::vector<int32_t> labels = train.list.labels;
  return Trainer(context, step_config(size), std::move(train), Faces{}, std::move(labels), capture);
}

}  // namespace

Config step_config(const StepSize& size) {
  Config config;
  config.model.backbone = size.backbone;
  config.data.image_size = size.image;
  config.train.batch = size.batch;
  config.model.bank = std::max(config.model.bank, size.batch);  // a batch enters it at once
  config.train.dtype = size.dtype;
  config.train.epochs = 1;
  return config;
}

RandomTraining::RandomTraining(Context& context, const StepSize& size, bool capture)
    : context_(context), trainer_(make_trainer(context, size, capture)) {
  trainer_.initialise([](const std::string&) {});
  trainer_.prepare_epoch();
}

double RandomTraining::step() {
  const auto start = std::chrono::steady_clock::now();
  trainer_.step();
  context_.synchronize();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::vector<double> RandomTraining::steps(int64_t count) {
  constexpr int kWarmUp = 2;
  for (int i = 0; i < kWarmUp; ++i) step();
  std::vector<double> seconds;
  for (int64_t i = 0; i < count; ++i) seconds.push_back(step());
  return seconds;
}

}  // namespace lanet::bench
