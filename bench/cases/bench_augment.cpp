#include "bench/bench.h"
#include "core/rng.h"
#include "data/image_set.h"
#include "kernels/augment.h"
#include "kernels/augment_cases.h"
#include "train/config/config.h"

namespace lanet::bench {

static const Registration augment_bench{
    {.axes = {"samples", "batch", "side", "channels"},
     .sizes =
         bench_sizes(kAugmentCases,
                     [](const AugmentCase& c) {
                       return std::vector<int64_t>{c.samples, c.batch, c.image_size, c.channels};
                     }),
     .dtypes = {DType::f32, DType::bf16},
     .run = [](Context& context, const Sizes& s, DType dtype, const Measure& measure) {
       const int64_t samples = s[0], batch = s[1], side = s[2], channels = s[3];
       constexpr int64_t kLandmarks = 19;
       context.reserve_workspace(augment_workspace_bytes(context, side, batch));
       RandomStream stream(1, Purpose::benchmark);
       std::vector<AugmentParameters> drawn;
       for (int64_t b = 0; b < batch; ++b)
         drawn.push_back(
             draw_augmentation(1, 0, static_cast<uint32_t>(b), side, DataConfig{}.augment));
       const auto* drawn_bytes = reinterpret_cast<const uint8_t*>(drawn.data());
       OwnedTensor images(context, {samples, side, side, 3}, DType::u8,
                          [&](int64_t) { return static_cast<uint8_t>(stream.next()); }),
           indices(context, {batch}, DType::i32, [&](int64_t b) { return b % samples; }),
           parameters(context, {batch, sizeof(AugmentParameters)}, DType::u8,
                      [&](int64_t i) { return drawn_bytes[i]; }),
           permutation(context, {kLandmarks}, DType::i32, numbers),
           landmarks(context, {samples, kLandmarks, 2}, DType::f32, numbers),
           landmarks_out(context, {batch, kLandmarks, 2}, DType::f32),
           y(context, {batch, side, side, channels}, dtype);
       measure([&] {
         augment(context, {.images = images,
                           .sample_indices = indices,
                           .parameters = parameters,
                           .y = y,
                           .landmarks = landmarks,
                           .landmarks_out = landmarks_out,
                           .flip_permutation = permutation,
                           .mean = kPictureMean,
                           .std = kPictureDeviation});
       });
       measure([&] {
         normalize(context, {.images = images,
                             .sample_indices = indices,
                             .y = y,
                             .mean = kPictureMean,
                             .std = kPictureDeviation});
       });
     }}};

}  // namespace lanet::bench
