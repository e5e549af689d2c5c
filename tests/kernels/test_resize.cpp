#include "kernels/resize.h"
#include "tests/data/pillow.h"

namespace lanet::test {
namespace {

/// Scratch of just the promised size, with guards.
OwnedTensor scratch_for(const PixelBox& box, int64_t out_width, int64_t out_height) {
  const size_t bytes = resize_scratch_bytes(box.width, box.height, out_width, out_height);
  return OwnedTensor({static_cast<int64_t>(bytes)}, DType::u8);
}

std::vector<uint8_t> resized(const OwnedTensor& x, const PixelBox& box, bool mirror,
                             int64_t out_width, int64_t out_height) {
  OwnedTensor y({out_height, out_width, 3}, DType::u8);
  OwnedTensor scratch = scratch_for(box, out_width, out_height);
  resize_bicubic({.x = x, .box = box, .mirror = mirror, .y = y}, scratch.tensor().data);
  CHECK(y.guards_intact());
  CHECK(scratch.guards_intact());
  const auto* levels = y.tensor().as<uint8_t>();
  return {levels, levels + y.elements()};
}

}  // namespace

TEST_CASE("resize: every grey level is Pillow's, growing, shrinking, cropped and mirrored") {
  for (const auto& c : pillow()["resize"]) {
    CAPTURE(c["width"].get<int>());
    CAPTURE(c["out"].dump());
    CAPTURE(c["box"].dump());
    const auto b = c["box"].get<std::vector<int64_t>>();
    const auto y = resized(pattern(c["width"], c["height"]), {b[0], b[1], b[2], b[3]}, c["mirror"],
                           c["out"][0], c["out"][1]);
    CHECK(level_error(y, c["rgb"]) == 0);
  }
}

TEST_CASE("resize: a picture of one colour keeps it, at any size") {
  OwnedTensor x({11, 7, 3}, DType::u8);
  x.fill([](int64_t i) { return i % 3 == 0 ? 255 : i % 3 == 1 ? 0 : 97; });
  for (const int64_t size : {1, 3, 11, 29}) {
    const auto y = resized(x, {0, 0, 7, 11}, false, size, size);
    for (size_t i = 0; i < y.size(); ++i) REQUIRE(y[i] == (i % 3 == 0 ? 255 : i % 3 == 1 ? 0 : 97));
  }
}

TEST_CASE("resize: pixels outside the box do not count") {
  const OwnedTensor x = pattern(12, 10);
  OwnedTensor masked = x;
  const PixelBox box{3, 2, 6, 5};
  masked.fill([&](int64_t i) {
    const int64_t column = i / 3 % 12, row = i / 36;
    const bool inside = column >= 3 && column < 9 && row >= 2 && row < 7;
    return inside ? x.at(i) : 255.0;
  });
  CHECK(resized(x, box, false, 9, 9) == resized(masked, box, false, 9, 9));
}

TEST_CASE("resize: a box that leaves the picture is named") {
  const OwnedTensor x = pattern(8, 8);
  OwnedTensor y({4, 4, 3}, DType::u8), scratch = scratch_for({0, 0, 8, 8}, 4, 4);
  CHECK_THROWS_WITH_AS(resize_bicubic({.x = x, .box = {1, 0, 8, 8}, .y = y}, scratch.tensor().data),
                       doctest::Contains("box 8 x 8 at (1, 0) in [8, 8, 3]"), Error);
}

}  // namespace lanet::test
