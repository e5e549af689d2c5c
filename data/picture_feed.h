// The pictures of one batch after another, wherever their set is.
#pragma once

#include <memory>
#include <span>

#include "core/staging.h"
#include "data/image_set.h"

namespace lanet {

/// For each batch: prepare() as soon as its faces are known, take() when its turn has come. A
/// kernel then finds picture b of the batch, and its landmarks, at place(face, b). Of a set on the
/// device of the context nothing moves; pictures on the host are copied to a CUDA device while it
/// works on the batch before; of a mapped file the system is asked to read ahead.
class PictureFeed {
 public:
  /// landmarks: [N, L, 2], of the faces of the set, which has to outlive this; or none. Allocates,
  /// even if the context is frozen. staging: that of an earlier feed of such batches, to use again.
  PictureFeed(Context& context, const ImageSet& set, int64_t batch,
              std::span<const float> landmarks = {}, std::shared_ptr<Staging> staging = nullptr);

  /// Faces of the set, at most `batch`.
  void prepare(std::span<const int32_t> faces);
  /// Makes what was prepared last readable for what the context's stream is given next.
  void take();

  /// Null if nothing moves.
  const std::shared_ptr<Staging>& staging() const { return staging_; }
  const Tensor& images() const { return images_; }        ///< u8 [M or B, S, S, 3]
  const Tensor& landmarks() const { return landmarks_; }  ///< f32 [M or B, L, 2], or absent
  int32_t place(int64_t face, int64_t b) const {
    return staging_ ? static_cast<int32_t>(b) : set_.rows[face];
  }

 private:
  const ImageSet& set_;
  int threads_;
  std::span<const float> host_landmarks_;
  int64_t coordinates_ = 0;  // of a face's landmarks
  Tensor images_, landmarks_;
  Buffer memory_;
  std::shared_ptr<Staging> staging_;
};

}  // namespace lanet
