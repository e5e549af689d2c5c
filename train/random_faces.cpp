#include "train/random_faces.h"

#include <numeric>

#include "core/rng.h"
#include "data/expressions.h"
#include "data/landmarks.h"

namespace lanet {

Faces random_faces(Context& context, int64_t count, int64_t size) {
  Faces faces;
  RandomStream random(1, Purpose::benchmark);
  const auto memory = std::make_shared<Buffer>(context.allocate(count * size * size * 3));
  faces.set.memory = memory;
  faces.set.images = memory->tensor({count, size, size, 3}, DType::u8);
  faces.set.rows.resize(count);
  std::iota(faces.set.rows.begin(), faces.set.rows.end(), 0);
  if (!context.counts_only()) {
    std::vector<uint8_t> pixels(faces.set.images.elements());
    for (uint8_t& p : pixels) p = static_cast<uint8_t>(random.below(256));
    upload(context, faces.set.images, pixels);
  }
  faces.list.classes = expression_names();
  for (int64_t i = 0; i < count; ++i) {
    faces.list.names.push_back(fmt::format("random_{}", i));
    faces.list.labels.push_back(static_cast<int32_t>(random.below(kNumExpressions)));
    faces.valid.push_back(1);
    for (int k = 0; k < 2 * kNumLandmarks; ++k)
      faces.landmarks.push_back(random.uniform(0.0f, static_cast<float>(size)));
  }
  faces.given = faces.judged_by = faces.list.labels;
  return faces;
}

}  // namespace lanet
