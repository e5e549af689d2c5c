#include "train/dtype_choice.h"

#include <algorithm>
#include <chrono>

#include "kernels/cpu_features.h"
#include "train/environment.h"
#include "train/random_faces.h"
#include "train/trainer.h"

namespace lanet {

namespace {

constexpr double kSeconds = 0.5;
constexpr int64_t kLargestBatch = 16;
constexpr double kWorthwhile = 1.05;  // f32 is the more exact of two that are as fast

double images_per_second(Config config, DTypeSetting dtype, int threads) {
  using Clock = std::chrono::steady_clock;
  config.method = Method::baseline;
  config.model.pretrained.clear();
  config.train.batch = std::min(config.train.batch, kLargestBatch);
  config.train.dtype = dtype;
  config.train.sampler = Sampler::none;
  const int64_t batch = config.train.batch;
  Context context(Device::cpu, threads);
  Trainer trainer(context, config, random_faces(context, batch, config.data.image_size), Faces{});
  trainer.initialise([](const std::string&) {});
  trainer.prepare_epoch();
  trainer.step();  // not timed: the library compiles its kernels
  const Clock::time_point start = Clock::now();
  double seconds = 0;
  int64_t steps = 0;
  for (; seconds < kSeconds; ++steps) {
    trainer.step();
    seconds = std::chrono::duration<double>(Clock::now() - start).count();
  }
  return static_cast<double>(steps * batch) / seconds;
}

DTypeSetting faster_on_cpu(const Config& config, int threads, std::string& reason) {
  if (!onednn_has_bf16()) {
    reason = "this build or processor has no fast bf16";
    return DTypeSetting::f32;
  }
  const DTypeRates rates = measure_dtypes(config, threads);
  reason = fmt::format("measured {:.0f} img/s in f32 and {:.0f} in bf16", rates.f32, rates.bf16);
  return rates.ratio() >= kWorthwhile ? DTypeSetting::bf16 : DTypeSetting::f32;
}

DTypeSetting faster_on_cuda(std::string& reason) {
  const std::string capability = cuda_capability();
  reason = fmt::format("compute capability {}", capability);
  return std::stoi(capability) >= kLeastBf16Capability ? DTypeSetting::bf16 : DTypeSetting::f32;
}

}  // namespace

DTypeRates measure_dtypes(const Config& config, int threads) {
  return {.f32 = images_per_second(config, DTypeSetting::f32, threads),
          .bf16 = images_per_second(config, DTypeSetting::bf16, threads)};
}

std::string choose_dtype(Config& config, const Context& context) {
  if (config.train.dtype != DTypeSetting::automatic) return "";
  std::string reason;
  config.train.dtype = context.device() == Device::cuda
                           ? faster_on_cuda(reason)
                           : faster_on_cpu(config, context.threads(), reason);
  return fmt::format("train.dtype: {} ({})", name_of(config.train.dtype), reason);
}

}  // namespace lanet
