// The faces of a configuration, in memory: pictures, labels, landmarks.
#pragma once

#include <functional>
#include <string>

#include "data/image_set.h"
#include "data/rafdb.h"
#include "train/config.h"

namespace lanet {

struct Faces {
  FaceList list;
  ImageSet set;  ///< u8 [N, S, S, 3]
  std::vector<float>
      landmarks;  ///< [N, 19, 2] in pixels of the S x S picture; empty if not asked for
  std::vector<uint8_t> valid;  ///< [N]; 0: no landmark loss

  int64_t size() const { return static_cast<int64_t>(list.size()); }
};

/// Reads one split. A picture that cannot be decoded is an InputError, unless data.skip_bad_images:
/// then it is left out and counted through `message`. with_landmarks needs data.landmarks
/// (check_trainable()).
Faces load_faces(Context& context, const Config& config, Split split, bool with_landmarks,
                 const std::function<void(const std::string&)>& message,
                 const DecodeProgress& progress);

/// The same for equal faces: of pictures, names, labels and landmarks.
std::string digest(Context& context, const Faces& faces);

}  // namespace lanet
