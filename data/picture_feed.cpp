#include "data/picture_feed.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/round_up.h"

namespace lanet {

PictureFeed::PictureFeed(Context& context, const ImageSet& set, int64_t batch,
                         std::span<const float> landmarks, std::shared_ptr<Staging> staging)
    : set_(set), threads_(context.threads()), host_landmarks_(landmarks), images_(set.images) {
  const Thawed thawed(context);
  if (!landmarks.empty()) coordinates_ = std::ssize(landmarks) / set.size();
  if (set.images.device == context.device()) {
    if (landmarks.empty()) return;
    const int64_t places = set.images.shape[0];
    const Shape shape{places, coordinates_ / 2, 2};
    std::vector<float> by_place(shape.elements());
    for (int64_t i = 0; i < set.size(); ++i)
      std::copy_n(landmarks.begin() + i * coordinates_, coordinates_,
                  by_place.begin() + set.rows[i] * coordinates_);
    memory_ = allocate_tensors(context, {{&landmarks_, shape, DType::f32}});
    upload(context, landmarks_, by_place);
    return;
  }
  const Shape& all = set.images.shape;
  const Shape shape{batch, all[1], all[2], all[3]};
  const size_t images = round_up(static_cast<size_t>(shape.elements()), size_t{256});
  const size_t bytes = images + static_cast<size_t>(batch * coordinates_) * sizeof(float);
  if (staging)
    LANET_REQUIRE(staging->current().bytes() == bytes, "{} bytes for a batch of {}",
                  staging->current().bytes(), bytes);
  staging_ = staging ? std::move(staging) : std::make_shared<Staging>(context, bytes);
  images_ = staging_->current().tensor(shape, DType::u8);
  if (!landmarks.empty())
    landmarks_ = staging_->current().tensor({batch, coordinates_ / 2, 2}, DType::f32, images);
}

void PictureFeed::prepare(std::span<const int32_t> faces) {
  for (const int32_t face : faces) set_.read_ahead(face);
  if (!staging_) return;
  LANET_REQUIRE(std::ssize(faces) <= images_.shape[0], "{} faces for a batch of {}", faces.size(),
                images_.shape[0]);
  std::byte* to = staging_->host();
  std::byte* landmarks = to + round_up(images_.bytes(), size_t{256});
  const size_t image_bytes = images_.rows(0, 1).bytes();
  const size_t landmark_bytes = static_cast<size_t>(coordinates_) * sizeof(float);
#pragma omp parallel for schedule(static) num_threads(threads_)
  for (int64_t b = 0; b < std::ssize(faces); ++b) {
    std::memcpy(to + b * image_bytes, set_.picture(faces[b]).data, image_bytes);
    if (landmark_bytes > 0)
      std::memcpy(landmarks + b * landmark_bytes, host_landmarks_.data() + faces[b] * coordinates_,
                  landmark_bytes);
  }
  staging_->send();
}

void PictureFeed::take() {
  if (staging_) staging_->take();
}

}  // namespace lanet
