#include "kernels/augment.h"

#include <omp.h>

#include "kernels/augment_cuda.h"
#include "kernels/augment_ref.h"
#include "kernels/checks.h"
#include "kernels/cuda_operations.h"
#include "kernels/dispatch.h"

namespace lanet {

namespace {

void require_pictures(const Tensor& images, const Tensor& sample_indices, const Tensor& y) {
  LANET_REQUIRE(images && images.shape.rank() == 4 && images.shape[3] == 3, "images is {}",
                images.shape);
  require_tensor(images, images.shape, DType::u8, "images");
  LANET_REQUIRE(sample_indices && sample_indices.shape.rank() == 1, "sample_indices is {}",
                sample_indices.shape);
  require_tensor(sample_indices, sample_indices.shape, DType::i32, "sample_indices");
  const int64_t batch = sample_indices.shape[0];
  LANET_REQUIRE(y && y.shape.rank() == 4 && y.shape[3] >= 3,
                "y is {}; expected [{}, {}, {}, C] with 3 channels or more", y.shape, batch,
                images.shape[1], images.shape[2]);
  require_tensor(y, {batch, images.shape[1], images.shape[2], y.shape[3]}, y.dtype, "y");
}

void require_normalisation(const char* operation, const std::array<double, 3>& mean,
                           const std::array<double, 3>& std) {
  for (int c = 0; c < 3; ++c) require_given(operation, {{"mean", mean[c]}, {"std", std[c]}});
}

void require_parameters(const AugmentParameters& p, int64_t size, int64_t position) {
  const auto inside = [size](int64_t begin, int64_t length) {
    return begin >= 0 && length >= 0 && begin + length <= size;
  };
  LANET_REQUIRE(inside(p.crop_x, p.crop_width) && inside(p.crop_y, p.crop_height) &&
                    p.crop_width > 0 && p.crop_height > 0,
                "parameters[{}]: crop {} x {} at ({}, {}) of {} pixels", position, p.crop_width,
                p.crop_height, p.crop_x, p.crop_y, size);
  LANET_REQUIRE(inside(p.erase_x, p.erase_width) && inside(p.erase_y, p.erase_height),
                "parameters[{}]: erased {} x {} at ({}, {}) of {} pixels", position, p.erase_width,
                p.erase_height, p.erase_x, p.erase_y, size);
  for (const int32_t step : p.order)
    LANET_REQUIRE(step >= 0 && step < 3, "parameters[{}]: colour step {}", position, step);
}

/// Picture i of [N, H, W, 3] as [H, W, 3].
Tensor picture_of(const Tensor& images, int64_t i) {
  return images.rows(i, 1).reshaped({images.shape[1], images.shape[2], 3});
}

template <typename T>
void augment_batch(Context& context, const AugmentArgs& args) {
  using A = accumulate_t<T>;
  const int64_t size = args.images.shape[1], batch = args.sample_indices.shape[0];
  const int64_t channels = args.y.shape[3];
  const int64_t landmarks = args.landmarks ? args.landmarks.shape[1] : 0;
  const auto* indices = args.sample_indices.as<int32_t>();
  const auto* parameters = static_cast<const AugmentParameters*>(args.parameters.data);
  const int32_t* from = args.flip_permutation ? args.flip_permutation.as<int32_t>() : nullptr;
  auto* scratch =
      static_cast<std::byte*>(context.workspace(augment_workspace_bytes(context, size, batch)));
  const NormalizeTable<T> table(args.mean, args.std);
#pragma omp parallel for schedule(static) num_threads(context.threads())
  for (int64_t b = 0; b < batch; ++b) {
    augment_picture<T>(picture_of(args.images, indices[b]), parameters[b], table,
                       args.y.as<T>() + b * size * size * channels, channels,
                       scratch + omp_get_thread_num() * augment_scratch_bytes(size));
    if (landmarks > 0) {
      augment_landmarks<A>(args.landmarks.as<float>() + indices[b] * landmarks * 2, landmarks, size,
                           parameters[b], from, args.landmarks_out.as<A>() + b * landmarks * 2);
    }
  }
}

}  // namespace

size_t augment_workspace_bytes(const Context& context, int64_t image_size, int64_t batch) {
  if (context.device() == Device::cuda) return AugmentCudaLayout(image_size, batch).bytes;
  return augment_scratch_bytes(image_size) * static_cast<size_t>(context.threads());
}

void augment(Context& context, const AugmentArgs& args) {
  require_pictures(args.images, args.sample_indices, args.y);
  require_normalisation("augment", args.mean, args.std);
  const int64_t samples = args.images.shape[0], size = args.images.shape[1];
  const int64_t batch = args.sample_indices.shape[0];
  LANET_REQUIRE(args.images.shape[2] == size, "images is {}", args.images.shape);
  require_tensor(args.parameters, {batch, sizeof(AugmentParameters)}, DType::u8, "parameters");
  LANET_REQUIRE(bool(args.landmarks) == bool(args.landmarks_out),
                "landmarks and landmarks_out must be given together");
  if (args.landmarks) {
    LANET_REQUIRE(args.landmarks.shape.rank() == 3, "landmarks is {}", args.landmarks.shape);
    const int64_t count = args.landmarks.shape[1];
    require_tensor(args.landmarks, {samples, count, 2}, DType::f32, "landmarks");
    require_tensor(args.landmarks_out, {batch, count, 2}, accumulate_dtype(args.y.dtype),
                   "landmarks_out");
    if (args.flip_permutation)
      require_tensor(args.flip_permutation, {count}, DType::i32, "flip_permutation");
  }
  const double levels = 3 * static_cast<double>(batch * size * size);
  // Between the passes, written and read.
  const double between = context.device() == Device::cuda
                             ? static_cast<double>(AugmentCudaLayout(size, batch).bytes)
                             : levels;
  run_operation(
      context, "augment",
      {.launches = 3,
       .bytes = levels + 2 * between + bytes_of({args.y, args.landmarks_out}),
       .flops = 40 * levels},
      [&] {
        augment_cuda(context, args,
                     context.workspace(augment_workspace_bytes(context, size, batch)));
      },
      [&] {
        require_indices(args.sample_indices, samples, "sample_indices");
        for (int64_t b = 0; b < batch; ++b)
          require_parameters(static_cast<const AugmentParameters*>(args.parameters.data)[b], size,
                             b);
        dispatch_float(args.y.dtype, [&]<typename T>() { augment_batch<T>(context, args); });
      });
}

void normalize(Context& context, const NormalizeArgs& args) {
  require_pictures(args.images, args.sample_indices, args.y);
  require_normalisation("normalize", args.mean, args.std);
  const int64_t batch = args.sample_indices.shape[0], channels = args.y.shape[3];
  const int64_t pixels = args.images.shape[1] * args.images.shape[2];
  const double levels = 3 * static_cast<double>(batch * pixels);
  run_operation(
      context, "normalize", {.bytes = levels + bytes_of({args.y}), .flops = 2 * levels},
      [&] { normalize_cuda(context, args); },
      [&] {
        require_indices(args.sample_indices, args.images.shape[0], "sample_indices");
        const auto* indices = args.sample_indices.as<int32_t>();
        dispatch_float(args.y.dtype, [&]<typename T>() {
          const NormalizeTable<T> table(args.mean, args.std);
#pragma omp parallel for schedule(static) num_threads(context.threads())
          for (int64_t b = 0; b < batch; ++b)
            table.apply(picture_of(args.images, indices[b]).template as<uint8_t>(), pixels,
                        args.y.as<T>() + b * pixels * channels, channels);
        });
      });
}

}  // namespace lanet
