#include <cstring>
#include <map>

#include "core/operation.h"
#include "kernels/augment_ref.h"
#include "tests/data/pillow.h"
#include "tests/kernels/augment_run.h"

namespace lanet::test {
namespace {

using Batch = AugmentTensors;

AugmentParameters whole(int64_t size) {
  const auto side = static_cast<int32_t>(size);
  return {.crop_width = side, .crop_height = side};
}

/// The grey levels that augment() reaches from `picture` [S, S, 3], read back from f64.
std::vector<int> augmented(const OwnedTensor& picture, const AugmentParameters& p) {
  const int64_t size = picture.shape()[0];
  Batch batch({1, 1, size, 0, 3}, DType::f64);
  batch.images.fill([&](int64_t i) { return picture.at(i); });
  batch.at(0) = p;
  batch = run(Device::cpu, std::move(batch));
  std::vector<int> levels;
  for (int64_t i = 0; i < batch.y.elements(); ++i) {
    const double level = 255 * (batch.y.at(i) * batch.std[i % 3] + batch.mean[i % 3]);
    levels.push_back(static_cast<int>(std::lround(level)));
    REQUIRE(std::abs(level - levels.back()) < 1e-9);
  }
  return levels;
}

struct AnnouncedBytes : OperationObserver {
  void enter(const std::string&, const char*, const char*) override {}
  void begin(const char* operation, const Cost& cost) override { bytes[operation] = cost.bytes; }
  void end() override {}

  std::map<std::string, double> bytes;
};

}  // namespace

TEST_CASE("augment: brightness, contrast and saturation are Pillow's to the grey level") {
  for (const auto& c : pillow()["colour"]) {
    const int step = c["step"];
    const float factor = c["factor"];
    CAPTURE(step);
    CAPTURE(factor);
    AugmentParameters p = whole(12);
    p.factor[step] = factor;  // a factor of 1 changes nothing
    CHECK(level_error(augmented(pattern(12, 12), p), c["rgb"]) == 0);
  }
}

TEST_CASE("augment: flip, crop and three colour steps in a row are Pillow's to the grey level") {
  for (const auto& c : pillow()["chain"]) {
    const auto box = c["box"].get<std::vector<int32_t>>();
    CAPTURE(c["order"].dump());
    AugmentParameters p{.flip = c["mirror"].get<bool>(),
                        .crop_x = box[0],
                        .crop_y = box[1],
                        .crop_width = box[2],
                        .crop_height = box[3]};
    for (int i = 0; i < 3; ++i) {
      p.factor[i] = c["factors"][i];
      p.order[i] = c["order"][i];
    }
    CHECK(level_error(augmented(pattern(16, 16), p), c["rgb"]) == 0);
    std::swap(p.order[0], p.order[2]);  // the order matters, so the check above can fail
    CHECK(level_error(augmented(pattern(16, 16), p), c["rgb"]) > 2);
  }
}

TEST_CASE("augment: a blend rounds its product before its sum, for every pair of levels") {
  for (const float factor : {0.6f, 0.7310586f, 0.9f, 1.1f, 1.2345679f, 1.4f}) {
    for (int degenerate = 0; degenerate < 256; ++degenerate) {
      for (int level = 0; level < 256; ++level) {
        volatile float product = factor * static_cast<float>(level - degenerate);
        const float sum = static_cast<float>(degenerate) + product;
        const int expected = sum <= 0 ? 0 : sum >= 255 ? 255 : static_cast<int>(sum);
        REQUIRE(blend(degenerate, level, factor) == expected);
      }
    }
  }
}

TEST_CASE("augment: mean grey rounds halves up") {
  const uint8_t pixels[] = {10, 10, 10, 11, 11, 11};
  CHECK(mean_grey(pixels, 2) == 11);
  CHECK(mean_grey(pixels, 1) == 10);
}

TEST_CASE("augment: f32 and bf16 follow f64; threads and repetition change no bit") {
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    for (const auto& c : kAugmentCases) {
      if (c.bench) continue;
      CAPTURE(c.image_size);
      CAPTURE(c.channels);
      const Batch in(c, dtype), exact = run(Device::cpu, Batch(c, DType::f64));
      const Batch one = run(Device::cpu, in, 1), two = run(Device::cpu, in, 2);
      CHECK(relative_error(one.y, exact.y) <= rounding_bound(dtype, 1, 2));
      if (c.landmarks > 0) {
        const DType sums = accumulate_dtype(dtype);
        CHECK(relative_error(one.landmarks_out, exact.landmarks_out) <= rounding_bound(sums, 1, 2));
      }
      CHECK(one.y.bits_equal(two.y));
      CHECK(one.landmarks_out.bits_equal(two.landmarks_out));
    }
  }
}

TEST_CASE("augment: the erased box, and nothing else, is zero after normalisation") {
  Batch batch({1, 1, 20, 0, 3}, DType::f32);
  batch.at(0) = whole(20);
  const OwnedTensor before = run(Device::cpu, batch).y;
  batch.at(0).erase_x = 3;
  batch.at(0).erase_y = 15;
  batch.at(0).erase_width = 9;
  batch.at(0).erase_height = 5;
  batch = run(Device::cpu, std::move(batch));
  for (int64_t i = 0; i < before.elements(); ++i) {
    const int64_t x = i / 3 % 20, y = i / 60;
    const bool erased = x >= 3 && x < 12 && y >= 15;
    REQUIRE(batch.y.at(i) == (erased ? 0.0 : before.at(i)));
    REQUIRE(before.at(i) != 0.0);
  }
}

TEST_CASE("augment: further channels of y are zero and change no other") {
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    for (const int64_t channels : {4, 5, 8}) {
      CAPTURE(to_string(dtype));
      CAPTURE(channels);
      Batch narrow({2, 6, 20, 0, 3}, dtype), wide({2, 6, 20, 0, channels}, dtype);
      for (Batch* batch : {&narrow, &wide}) {
        AugmentParameters& p = batch->at(1);
        p.erase_x = 4, p.erase_y = 9, p.erase_width = 16, p.erase_height = 3;
        *batch = run(Device::cpu, std::move(*batch));
      }
      const Batch normal({2, 6, 20, 0, 3}, dtype), normal_wide({2, 6, 20, 0, channels}, dtype);
      Context context;
      normalize(context, normal.normalization());
      normalize(context, normal_wide.normalization());
      CHECK(normal_wide.y.guards_intact());
      for (int64_t i = 0; i < wide.y.elements(); ++i) {
        const int64_t pixel = i / channels, c = i % channels;
        REQUIRE(wide.y.at(i) == (c < 3 ? narrow.y.at(3 * pixel + c) : 0.0));
        REQUIRE(normal_wide.y.at(i) == (c < 3 ? normal.y.at(3 * pixel + c) : 0.0));
      }
    }
  }
}

TEST_CASE("augment: the announced traffic is what is written, further channels included") {
  constexpr double pixels = 3 * 16 * 16, taps = 3 * 2 * 16, strips = 3 * 4;
  for (const Device device : {Device::cpu, Device::cuda}) {
    Context context(Context::CountOnly{}, device);
    const Batch batch({2, 3, 16, 0, 8}, DType::bf16, context);
    AnnouncedBytes announced;
    context.set_observer(&announced);
    augment(context, batch.augmentation());
    normalize(context, batch.normalization());
    // Between the passes: on CUDA words, with 32 bytes a row and column and a sum of each strip.
    const double between = device == Device::cpu ? 3 * pixels : 4 * (pixels + 8 * taps + strips);
    CHECK(announced.bytes["augment"] == pixels * (3 + 8 * 2) + 2 * between);
    CHECK(announced.bytes["normalize"] == pixels * (3 + 8 * 2));
  }
}

TEST_CASE("augment: landmarks follow flip and crop, and change sides only if told to") {
  Batch batch({1, 1, 100, 2, 3}, DType::f64);
  const double points[] = {30, 40, 80.5, 20};
  batch.landmarks.fill([&](int64_t i) { return points[i]; });
  AugmentParameters& p = batch.at(0) = whole(100);
  const auto expect = [&](std::vector<double> expected) {
    const OwnedTensor found = run(Device::cpu, batch).landmarks_out;
    for (int i = 0; i < 4; ++i) CHECK(found.at(i) == doctest::Approx(expected[i]));
  };
  expect({30, 40, 80.5, 20});
  p.crop_x = 10;
  p.crop_y = 20;
  p.crop_width = 80;
  p.crop_height = 50;
  expect({25, 40, 88.125, 0});
  p.flip = 1;  // 30 → 70, 80.5 → 19.5, and the two change places
  expect({11.875, 0, 75, 40});
  batch.swap = false;
  expect({75, 40, 11.875, 0});
}

TEST_CASE("augment: a landmark on a bright spot stays on it") {
  constexpr int64_t size = 64;
  for (uint32_t position = 0; position < 20; ++position) {
    Batch batch({1, 1, size, 1, 3}, DType::f64);
    const int64_t spot_x = 29 + position % 7, spot_y = 33 - position % 5;
    batch.images.fill([&](int64_t i) {
      const int64_t dx = i / 3 % size - spot_x, dy = i / 3 / size - spot_y;
      return dx * dx + dy * dy < 10 ? 255.0 : 0.0;
    });
    batch.landmarks.set(0, static_cast<double>(spot_x) + 0.5);  // the middle of the pixel
    batch.landmarks.set(1, static_cast<double>(spot_y) + 0.5);
    AugmentConfig config = kAugmentDraws;
    config.jitter_min = config.jitter_max = 1;
    config.erase_probability = 0;
    batch.at(0) = draw_augmentation(5, 0, position, size, config);
    batch = run(Device::cpu, std::move(batch));
    double weight = 0, x = 0, y = 0;
    for (int64_t i = 0; i < size * size; ++i) {
      const double level = batch.y.at(3 * i) - batch.y.at(0);  // a corner is black
      weight += level;
      x += level * (static_cast<double>(i % size) + 0.5);
      y += level * (static_cast<double>(i / size) + 0.5);
    }
    CHECK(std::abs(x / weight - batch.landmarks_out.at(0)) < 0.05);
    CHECK(std::abs(y / weight - batch.landmarks_out.at(1)) < 0.05);
  }
}

TEST_CASE("augment: the flip permutation is its own inverse") {
  for (size_t l = 0; l < kFlipPermutation.size(); ++l)
    CHECK(kFlipPermutation[kFlipPermutation[l]] == static_cast<int32_t>(l));
}

TEST_CASE("augment: normalising alone is the formula, and augment() that changes nothing") {
  Batch batch({3, 4, 9, 0, 3}, DType::f64);
  for (int64_t b = 0; b < 4; ++b) batch.at(b) = whole(9);
  const OwnedTensor y = run(Device::cpu, batch).y;
  Context context;
  normalize(context, batch.normalization());
  CHECK(batch.y.guards_intact());
  CHECK(batch.y.bits_equal(y));
  for (int64_t i = 0; i < y.elements(); ++i) {
    const int64_t per_image = 9 * 9 * 3, c = i % 3;
    const auto sample = static_cast<int64_t>(batch.indices.at(i / per_image));
    const double level = batch.images.at(sample * per_image + i % per_image);
    REQUIRE(y.at(i) == doctest::Approx((level / 255 - batch.mean[c]) / batch.std[c]));
  }
}

TEST_CASE("augment: y of fewer than three channels, or of another size, is refused") {
  Context context;
  context.reserve_workspace(augment_workspace_bytes(context, 8, 1));
  Batch narrow({1, 1, 8, 0, 2}, DType::f32);
  CHECK_THROWS_WITH_AS(
      augment(context, narrow.augmentation()),
      doctest::Contains("y is [1, 8, 8, 2]; expected [1, 8, 8, C] with 3 channels or more"), Error);
  narrow.y = OwnedTensor({1, 8, 9, 4}, DType::f32);
  CHECK_THROWS_WITH_AS(normalize(context, narrow.normalization()),
                       doctest::Contains("y is f32 [1, 8, 9, 4]; expected f32 [1, 8, 8, 4]"),
                       Error);
}

TEST_CASE("augment: a mean or deviation that is not given is refused, by normalize too") {
  Context context;
  context.reserve_workspace(augment_workspace_bytes(context, 8, 1));
  const Batch batch({1, 1, 8, 0, 3}, DType::f32);
  AugmentArgs no_mean = batch.augmentation(), no_std = batch.augmentation();
  no_mean.mean = AugmentArgs{}.mean;
  no_std.std = AugmentArgs{}.std;
  CHECK_THROWS_WITH_AS(augment(context, no_mean), doctest::Contains("augment: mean is not given"),
                       Error);
  CHECK_THROWS_WITH_AS(augment(context, no_std), doctest::Contains("augment: std is not given"),
                       Error);
  NormalizeArgs without_mean = batch.normalization(), without_std = batch.normalization();
  without_mean.mean = NormalizeArgs{}.mean;
  without_std.std = NormalizeArgs{}.std;
  CHECK_THROWS_WITH_AS(normalize(context, without_mean),
                       doctest::Contains("normalize: mean is not given"), Error);
  CHECK_THROWS_WITH_AS(normalize(context, without_std),
                       doctest::Contains("normalize: std is not given"), Error);
}

TEST_CASE("augment: indices and boxes outside the picture are refused") {
  Context context;
  context.reserve_workspace(augment_workspace_bytes(context, 8, 1));
  Batch batch({2, 1, 8, 0, 3}, DType::f32);
  batch.at(0) = whole(8);
  batch.indices.set(0, 2);
  CHECK_THROWS_WITH_AS(augment(context, batch.augmentation()),
                       doctest::Contains("sample_indices[0] is 2; expected 0 to 1"), Error);
  batch.indices.set(0, 1);
  batch.at(0).crop_x = 1;
  CHECK_THROWS_WITH_AS(augment(context, batch.augmentation()),
                       doctest::Contains("crop 8 x 8 at (1, 0) of 8 pixels"), Error);
  batch.at(0) = whole(8);
  batch.at(0).erase_y = 3;
  batch.at(0).erase_height = 6;
  CHECK_THROWS_WITH_AS(augment(context, batch.augmentation()), doctest::Contains("erased 0 x 6"),
                       Error);
  batch.at(0) = whole(8);
  batch.at(0).order[1] = 3;
  CHECK_THROWS_WITH_AS(augment(context, batch.augmentation()), doctest::Contains("colour step 3"),
                       Error);
}

}  // namespace lanet::test
