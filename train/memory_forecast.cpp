#include "train/memory_forecast.h"

#include "core/host_memory.h"
#include "train/trainer.h"

namespace lanet {

namespace {

/// Faces without pictures, to plan with.
Faces faces_of(const Config& config, Device device, const DataSize& size) {
  Faces faces;
  const int64_t side = config.data.image_size;
  faces.set.images = {nullptr, {size.train, side, side, 3}, DType::u8, device};
  faces.set.rows.resize(size.train);
  faces.list.classes.resize(size.classes);
  faces.list.names.resize(size.train);
  faces.list.labels.resize(size.train);
  faces.given = faces.judged_by = faces.list.labels;
  if (reads_landmarks(config)) faces.landmarks.resize(size.train * size.landmarks * 2);
  faces.valid.resize(size.train, 1);
  return faces;
}

size_t training_bytes(const Config& config, Device device, const DataSize& size) {
  Context context(Context::CountOnly{}, device);
  const Trainer trainer(context, config, faces_of(config, device, size), Faces{});
  return context.memory().peak_bytes;
}

/// What a training takes at least: with one batch of faces.
size_t least_bytes(Config config, Device device, int64_t batch) {
  config.train.batch = batch;
  return training_bytes(config, device,
                        {.train = batch, .classes = kNumExpressions, .landmarks = kNumLandmarks});
}

}  // namespace

MemoryForecast forecast_memory(const Config& config, Device device, const DataSize& size) {
  const int64_t side = config.data.image_size;
  return {.pictures = static_cast<size_t>(size.pictures * side * side * 3),
          .training = training_bytes(config, device, size)};
}

void require_memory(const Config& config, Device device, size_t free, int ranks) {
  const int64_t batch = config.train.batch / ranks;  // of each rank
  const size_t wanted = least_bytes(config, device, batch);
  if (wanted <= free) return;
  const int64_t least = (least_batch(config) + ranks - 1) / ranks;
  int64_t fits = least - 1, too_large = batch;
  while (too_large - fits > 1) {
    const int64_t middle = fits + (too_large - fits) / 2;
    (least_bytes(config, device, middle) <= free ? fits : too_large) = middle;
  }
  throw InputError(fmt::format(
      "train.batch: {}; training takes {} beside the pictures, and {} of the {}'s memory are free; "
      "expected {}",
      config.train.batch, gigabytes(wanted), gigabytes(free),
      device == Device::cuda ? "device" : "host",
      fits >= least ? fmt::format("at most {}", fits * ranks)
                    : "a smaller data.image_size or model.backbone"));
}

}  // namespace lanet
