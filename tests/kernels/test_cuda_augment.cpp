// The CUDA kernels of augment and normalize against the CPU, bit by bit: what they compute is
// integers, and single operations that round alike everywhere.
#include "tests/kernels/augment_run.h"

namespace lanet::test {
namespace {

using Batch = AugmentTensors;

void check_batch(const Batch& batch) {
  const Batch fast = run(Device::cuda, batch), again = run(Device::cuda, batch),
              exact = run(Device::cpu, batch);
  CHECK(fast.y.bits_equal(exact.y));
  CHECK(again.y.bits_equal(fast.y));
  CHECK(fast.landmarks_out.bits_equal(exact.landmarks_out));
}

}  // namespace

TEST_CASE("cuda: augment of drawn batches has the bits of the CPU") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    for (const auto& c : kAugmentCases) {
      if (c.bench) continue;
      for (const bool swap : {true, false}) {
        CAPTURE(to_string(dtype));
        CAPTURE(c.image_size);
        CAPTURE(c.channels);
        CAPTURE(swap);
        Batch batch(c, dtype);
        batch.swap = swap;
        check_batch(batch);
      }
    }
  }
}

TEST_CASE("cuda: augment of pictures of several tiles: each order of the colours, extreme crops") {
  if (skip_without_device()) return;
  constexpr int64_t size = 70;  // a part of a third column of tiles, and of a second row
  Batch batch({2, 6, size, 3, 4}, DType::f32);
  const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
  for (int64_t b = 0; b < 6; ++b) {
    AugmentParameters& p = batch.at(b);
    std::copy_n(orders[b], 3, p.order);
    const auto side = static_cast<int32_t>(size);
    p.erase_x = 60, p.erase_y = 40, p.erase_width = 10, p.erase_height = 30;
    if (b == 1) p.crop_x = p.crop_y = 0, p.crop_width = p.crop_height = side;
    if (b == 2) p.crop_x = 69, p.crop_y = 3, p.crop_width = 1, p.crop_height = 2;
    if (b == 3) p.crop_x = 1, p.crop_y = 0, p.crop_width = 69, p.crop_height = side;
  }
  batch.at(4).flip = 1;
  batch.at(5).flip = 0;
  check_batch(batch);
}

TEST_CASE("cuda: augment of crops of every length, flipped and not, at either end of the picture") {
  if (skip_without_device()) return;
  constexpr int64_t size = 48;
  Batch batch({3, 2 * size, size, 0, 8}, DType::bf16);
  for (int64_t b = 0; b < 2 * size; ++b) {
    AugmentParameters& p = batch.at(b);
    const auto side = static_cast<int32_t>(size), length = static_cast<int32_t>(b / 2 + 1);
    p.flip = static_cast<int32_t>(b % 2);
    p.crop_width = length, p.crop_x = b % 4 < 2 ? 0 : side - length;
    p.crop_height = side + 1 - length, p.crop_y = b % 4 < 2 ? side - p.crop_height : 0;
  }
  check_batch(batch);
}

TEST_CASE("cuda: augment takes the mean grey of more strips than a warp has lanes") {
  if (skip_without_device()) return;
  Batch batch({1, 1, 130, 0, 3}, DType::f32);  // 5 x 9 strips, and three rows below the picture
  batch.at(0).factor[static_cast<int>(ColourStep::contrast)] = 0.7f;
  check_batch(batch);
}

TEST_CASE("cuda: augment rounds the product and the sum of a blend, each by itself") {
  if (skip_without_device()) return;
  Batch batch({1, 1, 8, 0, 3}, DType::f32);
  // Grey is 12, and 12 - 10 * 1.1f is 1 in two roundings and just below in one.
  const int pixel[3] = {2, 19, 2};
  batch.images.fill([&](int64_t i) { return pixel[i % 3]; });
  AugmentParameters& p = batch.at(0);
  p.crop_x = p.crop_y = 0, p.crop_width = p.crop_height = 8;
  p.erase_width = p.erase_height = 0;
  std::fill_n(p.factor, 3, 1.0f);
  p.factor[static_cast<int>(ColourStep::saturation)] = 1.1f;
  // In the launch in front of the contrast, and in the one behind it.
  for (const auto& order : {std::array{2, 1, 0}, std::array{0, 1, 2}}) {
    std::copy(order.begin(), order.end(), p.order);
    check_batch(batch);
  }
}

TEST_CASE("cuda: normalize has the bits of the CPU") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    // Pixels that are written at once and not, the latter for their number of channels or since y
    // starts where no pack does; pictures of more than one block.
    for (const auto& [size, shift, channels] :
         {std::array<int64_t, 3>{9, 0, 3}, {50, 0, 4}, {9, 1, 4}, {50, 0, 8}, {9, 1, 8}}) {
      CAPTURE(to_string(dtype));
      CAPTURE(size);
      CAPTURE(shift);
      CAPTURE(channels);
      const Batch in({3, 4, size, 0, channels}, dtype);
      Context cpu, context(Device::cuda);
      Batch t = in;
      upload_shifted(context, t, {&t.images, &t.y}, shift);
      normalize(cpu, in.normalization());
      normalize(context, t.normalization());
      CHECK(t.y.download().bits_equal(in.y));
    }
  }
}

}  // namespace lanet::test
