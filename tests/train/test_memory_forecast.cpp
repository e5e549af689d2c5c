// What a training will take against what it takes.
#include <doctest/doctest.h>

#include "tests/input_error.h"
#include "train/memory_forecast.h"
#include "train/random_faces.h"
#include "train/trainer.h"

namespace lanet::test {
namespace {

Config small(Recipe recipe, DTypeSetting dtype) {
  Config config;
  config.model.recipe = recipe;
  config.model.bank = 64;
  config.data.image_size = 64;
  config.data.landmarks = "landmarks.csv";
  config.train.batch = 16;
  config.train.dtype = dtype;
  return config;
}

constexpr int64_t kFaces = 40;
constexpr DataSize kSize{
    .train = kFaces, .pictures = kFaces, .classes = kNumExpressions, .landmarks = kNumLandmarks};

}  // namespace

TEST_CASE("memory forecast: equals what a trainer allocates, but for oneDNN's padding in bf16") {
  for (const Recipe recipe : {Recipe::published, Recipe::robust})
    for (const DTypeSetting dtype : {DTypeSetting::f32, DTypeSetting::bf16})
      for (const Method method : {Method::lanet, Method::baseline}) {
        Config config = small(recipe, dtype);
        config.method = method;
        CAPTURE(name_of(recipe));
        CAPTURE(name_of(dtype));
        CAPTURE(name_of(method));
        Context context;
        Faces faces = random_faces(context, kFaces, config.data.image_size);
        const size_t pictures = context.memory().peak_bytes;
        const Trainer trainer(context, config, std::move(faces), Faces{});
        const MemoryForecast forecast = forecast_memory(config, Device::cpu, kSize);
        CHECK(forecast.pictures == pictures);
        const size_t taken = context.memory().peak_bytes - pictures;
        CHECK(forecast.training <= taken);
        CHECK(taken - forecast.training <= (dtype == DTypeSetting::bf16 ? taken / 500 : 0));
      }
}

TEST_CASE("memory forecast: a training that does not fit names the largest batch that does") {
  const auto bytes = [](int64_t batch) {
    Config config = small(Recipe::robust, DTypeSetting::f32);
    config.train.batch = batch;
    DataSize size = kSize;
    size.train = batch;
    return forecast_memory(config, Device::cpu, size).training;
  };
  Config config = small(Recipe::robust, DTypeSetting::f32);
  config.train.batch = 100;
  require_memory(config, Device::cpu, bytes(100));
  const std::string refusal = input_error([&] { require_memory(config, Device::cpu, bytes(37)); });
  CHECK(refusal.find("train.batch: 100; training takes ") == 0);
  CHECK(refusal.ends_with("; expected at most 37"));
  CHECK(input_error([&] {
          require_memory(config, Device::cpu, bytes(37), /*ranks=*/2);
        }).ends_with("; expected at most 74"));
  CHECK(input_error([&] {
          require_memory(config, Device::cpu, 1000);
        }).ends_with("; expected a smaller data.image_size or model.backbone"));
}

}  // namespace lanet::test
