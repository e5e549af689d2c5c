#include "kernels/resize.h"

#include "kernels/resize_ref.h"

namespace lanet {

size_t resize_scratch_bytes(int64_t box_width, int64_t box_height, int64_t out_width,
                            int64_t out_height) {
  const int64_t words = ResizeAxis::words(box_width, out_width) +
                        ResizeAxis::words(box_height, out_height) + 3 * out_width;
  return static_cast<size_t>(words) * sizeof(int32_t) +
         static_cast<size_t>(box_height * out_width * 3);
}

void resize_bicubic(const ResizeArgs& args, void* scratch) {
  const PixelBox& box = args.box;
  LANET_REQUIRE(args.x && args.x.shape.rank() == 3 && args.x.shape[2] == 3, "x is {}",
                args.x.shape);
  LANET_REQUIRE(args.y && args.y.shape.rank() == 3 && args.y.shape[2] == 3, "y is {}",
                args.y.shape);
  const int64_t width = args.x.shape[1], out_height = args.y.shape[0], out_width = args.y.shape[1];
  LANET_REQUIRE(box.x >= 0 && box.y >= 0 && box.width > 0 && box.height > 0 &&
                    box.x + box.width <= width && box.y + box.height <= args.x.shape[0],
                "box {} x {} at ({}, {}) in {}", box.width, box.height, box.x, box.y, args.x.shape);

  auto* words = static_cast<int32_t*>(scratch);
  const ResizeAxis across(box.width, out_width, words);
  words += ResizeAxis::words(box.width, out_width);
  const ResizeAxis down(box.height, out_height, words);
  words += ResizeAxis::words(box.height, out_height);
  int32_t* sums = words;                                              // [out_width * 3]
  auto* narrowed = reinterpret_cast<uint8_t*>(sums + 3 * out_width);  // [box.height, out_width, 3]

  // In a mirrored picture, column i is the picture's column width − 1 − i.
  const int64_t step = args.mirror ? -3 : 3;
  const int64_t start = 3 * (args.mirror ? width - 1 - box.x : box.x);
  for (int64_t row = 0; row < box.height; ++row) {
    const uint8_t* x = args.x.as<uint8_t>() + (box.y + row) * width * 3 + start;
    uint8_t* to = narrowed + row * out_width * 3;
    for (int64_t o = 0; o < out_width; ++o) {
      const int32_t* weight = across.weight + o * across.taps;
      const uint8_t* from = x + across.first[o] * step;
      int32_t red = kResizeHalf, green = kResizeHalf, blue = kResizeHalf;
      for (int32_t t = 0; t < across.count[o]; ++t, from += step) {
        red += weight[t] * from[0];
        green += weight[t] * from[1];
        blue += weight[t] * from[2];
      }
      to[3 * o] = resize_level(red);
      to[3 * o + 1] = resize_level(green);
      to[3 * o + 2] = resize_level(blue);
    }
  }

  const int64_t row_bytes = 3 * out_width;
  for (int64_t o = 0; o < out_height; ++o) {
    const int32_t* weight = down.weight + o * down.taps;
    std::fill_n(sums, row_bytes, kResizeHalf);
    for (int32_t t = 0; t < down.count[o]; ++t) {
      const uint8_t* from = narrowed + (down.first[o] + t) * row_bytes;
#pragma omp simd
      for (int64_t i = 0; i < row_bytes; ++i) sums[i] += weight[t] * from[i];
    }
    uint8_t* y = args.y.as<uint8_t>() + o * row_bytes;
#pragma omp simd
    for (int64_t i = 0; i < row_bytes; ++i) y[i] = resize_level(sums[i]);
  }
}

}  // namespace lanet
