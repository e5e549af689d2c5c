// Faces for measuring speed: noise, with landmarks anywhere.
#pragma once

#include "train/faces.h"

namespace lanet {

/// `count` faces of size x size random pixels, all with landmarks; the same in every run.
Faces random_faces(Context& context, int64_t count, int64_t size);

}  // namespace lanet
