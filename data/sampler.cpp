#include "data/sampler.h"

#include <algorithm>
#include <numeric>

#include "core/error.h"

namespace lanet {
void shuffle_front(std::span<int32_t> values, size_t count, RandomStream& stream) {
  for (size_t i = 0; i < count; ++i)
    std::swap(values[i], values[i + stream.below(static_cast<uint32_t>(values.size() - i))]);
}

std::vector<int64_t> epoch_class_counts(std::span<const int64_t> class_sizes, int epoch,
                                        int epochs) {
  LANET_REQUIRE(0 <= epoch && epoch < epochs, "epoch {} of {}", epoch, epochs);
  const int64_t total = std::accumulate(class_sizes.begin(), class_sizes.end(), int64_t{0});
  const int64_t num_classes =
      std::count_if(class_sizes.begin(), class_sizes.end(), [](int64_t n) { return n > 0; });
  LANET_REQUIRE(num_classes > 0, "a sampler without samples");

  std::vector<int64_t> counts(class_sizes.size(), 0);
  size_t last = 0;
  for (size_t c = 0; c < class_sizes.size(); ++c) {
    if (class_sizes[c] == 0) continue;
    const int64_t numerator = (epochs - epoch) * class_sizes[c] * num_classes + epoch * total;
    const int64_t denominator = epochs * num_classes;
    counts[c] = (numerator + denominator - 1) / denominator;
    last = c;
  }
  counts[last] = 0;
  int64_t rest = total - std::accumulate(counts.begin(), counts.end(), int64_t{0});
  for (; rest < 0; ++rest) --*std::max_element(counts.begin(), counts.end());
  counts[last] = rest;
  return counts;
}

std::vector<int32_t> epoch_order(std::span<const int32_t> labels, int num_classes, int epoch,
                                 int epochs, uint64_t seed) {
  std::vector<std::vector<int32_t>> members(static_cast<size_t>(num_classes));
  for (size_t i = 0; i < labels.size(); ++i) {
    LANET_REQUIRE(labels[i] >= 0 && labels[i] < num_classes, "label {} of sample {}", labels[i], i);
    members[static_cast<size_t>(labels[i])].push_back(static_cast<int32_t>(i));
  }
  std::vector<int64_t> sizes;
  for (const auto& samples : members) sizes.push_back(static_cast<int64_t>(samples.size()));
  const auto counts = epoch_class_counts(sizes, epoch, epochs);

  RandomStream stream(seed, Purpose::sampler, static_cast<uint32_t>(epoch));
  std::vector<int32_t> order;
  order.reserve(labels.size());
  for (size_t c = 0; c < members.size(); ++c) {
    auto& samples = members[c];
    if (samples.empty()) continue;
    for (int64_t round = 0; round < counts[c] / sizes[c]; ++round)
      order.insert(order.end(), samples.begin(), samples.end());
    const auto extras = static_cast<size_t>(counts[c] % sizes[c]);
    shuffle_front(samples, extras, stream);
    order.insert(order.end(), samples.begin(), samples.begin() + static_cast<int64_t>(extras));
  }
  shuffle_front(order, order.size(), stream);
  return order;
}

}  // namespace lanet
