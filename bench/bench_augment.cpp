#include <cstring>

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
        BenchTensor images(context, {c.samples, size, size, 3}, DType::u8),
            indices(context, {c.batch}, DType::i32),
            parameters(context, {c.batch, sizeof(AugmentParameters)}, DType::u8),
            permutation(context, {c.landmarks}, DType::i32),
            landmarks(context, {c.samples, c.landmarks, 2}, DType::f32),
            landmarks_out(context, {c.batch, c.landmarks, 2}, DType::f32);
        RandomStream stream(1, Purpose::benchmark);
        for (int64_t i = 0; i < images.tensor().elements(); ++i)
          images.tensor().as<uint8_t>()[i] = static_cast<uint8_t>(stream.next());
        for (int64_t b = 0; b < c.batch; ++b) {
          indices.tensor().as<int32_t>()[b] = static_cast<int32_t>(b % c.samples);
          const auto drawn = draw_augmentation(1, 0, static_cast<uint32_t>(b), size, {});
          std::memcpy(parameters.tensor().as<uint8_t>() + b * sizeof drawn, &drawn, sizeof drawn);
        }
        for (const DType dtype : {DType::f32, DType::bf16}) {
          BenchTensor y(context, {c.batch, size, size, 3}, dtype);
          const auto name = fmt::format("{}x{}x{} {}", c.batch, size, size, dtype);
          const double bytes =
              static_cast<double>(c.batch * size * size * 3) * (1.0 + size_of(dtype));
          report({"augment " + name, bytes, 0, [&] {
                    augment(context, {.images = images,
                                      .sample_indices = indices,
                                      .parameters = parameters,
                                      .y = y,
                                      .landmarks = landmarks,
                                      .landmarks_out = landmarks_out,
                                      .flip_permutation = permutation});
                  }});
          report({"normalize " + name, bytes, 0, [&] {
                    normalize(context, {.images = images, .sample_indices = indices, .y = y});
                  }});
        }
      }
    }};

}  // namespace lanet::bench
