#include <vector>

#include "bench/bench.h"
#include "core/rng.h"
#include "kernels/augment.h"
#include "kernels/augment_cases.h"

namespace lanet::bench {

static Benchmark augment_bench{
    "augment", [](Context& context) {
      for (const auto& c : kAugmentCases) {
        if (!c.bench) continue;
        const int64_t size = c.image_size;
        context.reserve_workspace(augment_workspace_bytes(context, size, c.batch));
        RandomStream stream(1, Purpose::benchmark);
        std::vector<AugmentParameters> drawn;
        for (int64_t b = 0; b < c.batch; ++b)
          drawn.push_back(draw_augmentation(1, 0, static_cast<uint32_t>(b), size, {}));
        const auto* drawn_bytes = reinterpret_cast<const uint8_t*>(drawn.data());
        BenchTensor images(context, {c.samples, size, size, 3}, DType::u8,
                           [&](int64_t) { return static_cast<uint8_t>(stream.next()); }),
            indices(context, {c.batch}, DType::i32, [&](int64_t b) { return b % c.samples; }),
            parameters(context, {c.batch, sizeof(AugmentParameters)}, DType::u8,
                       [&](int64_t i) { return drawn_bytes[i]; }),
            permutation(context, {c.landmarks}, DType::i32),
            landmarks(context, {c.samples, c.landmarks, 2}, DType::f32),
            landmarks_out(context, {c.batch, c.landmarks, 2}, DType::f32);
        for (const DType dtype : {DType::f32, DType::bf16}) {
          BenchTensor y(context, {c.batch, size, size, 3}, dtype);
          const auto name = fmt::format("{}x{}x{} {}", c.batch, size, size, dtype);
          const double bytes =
              static_cast<double>(c.batch * size * size * 3) * (1.0 + size_of(dtype));
          report(context, {"augment " + name, bytes, 0, [&] {
                             augment(context, {.images = images,
                                               .sample_indices = indices,
                                               .parameters = parameters,
                                               .y = y,
                                               .landmarks = landmarks,
                                               .landmarks_out = landmarks_out,
                                               .flip_permutation = permutation});
                           }});
          report(context, {"normalize " + name, bytes, 0, [&] {
                             normalize(context,
                                       {.images = images, .sample_indices = indices, .y = y});
                           }});
        }
      }
    }};

}  // namespace lanet::bench
