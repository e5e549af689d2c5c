#include "data/stratified_sample.h"

#include <algorithm>
#include <numeric>

namespace lanet {

std::vector<int32_t> stratified_sample(std::span<const int32_t> labels, int64_t most) {
  std::vector<int32_t> by_class(labels.size());
  std::iota(by_class.begin(), by_class.end(), 0);
  std::stable_sort(by_class.begin(), by_class.end(),
                   [&](int32_t a, int32_t b) { return labels[a] < labels[b]; });
  const int64_t all = std::ssize(labels), count = std::min(all, most);
  std::vector<int32_t> sample;
  for (int64_t i = 0; i < count; ++i) sample.push_back(by_class[i * all / count]);
  std::sort(sample.begin(), sample.end());
  return sample;
}

}  // namespace lanet
