#include "data/validation.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/error.h"
#include "core/rng.h"
#include "data/sampler.h"

namespace lanet {

std::vector<int32_t> draw_validation(std::span<const int32_t> labels, int num_classes, double share,
                                     uint64_t seed) {
  LANET_REQUIRE(share >= 0 && share <= 0.5, "a validation share of {}", share);
  struct Lot {
    float value;
    int32_t sample;
    auto operator<=>(const Lot&) const = default;
  };
  std::vector<std::vector<Lot>> lots(static_cast<size_t>(num_classes));
  for (size_t i = 0; i < labels.size(); ++i) {
    LANET_REQUIRE(labels[i] >= 0 && labels[i] < num_classes, "label {} of sample {}", labels[i], i);
    RandomStream stream(seed, Purpose::validation, 0, static_cast<uint32_t>(i));
    lots[static_cast<size_t>(labels[i])].push_back({stream.uniform(), static_cast<int32_t>(i)});
  }
  std::vector<int32_t> drawn;
  for (std::vector<Lot>& members : lots) {
    std::sort(members.begin(), members.end());
    const auto wanted = std::llround(share * static_cast<double>(members.size()));
    const int64_t count =
        std::clamp<int64_t>(wanted, 0, std::max<int64_t>(std::ssize(members) - 1, 0));
    for (int64_t i = 0; i < count; ++i) drawn.push_back(members[static_cast<size_t>(i)].sample);
  }
  std::sort(drawn.begin(), drawn.end());
  return drawn;
}

std::vector<int32_t> draw_fold(int64_t samples, int64_t fold, int64_t folds, uint64_t seed) {
  LANET_REQUIRE(fold >= 0 && fold < folds, "fold {} of {}", fold, folds);
  std::vector<int32_t> order(samples);
  std::iota(order.begin(), order.end(), 0);
  RandomStream stream(seed, Purpose::sampler, 0xFFFFFFFFu, 2);
  shuffle_front(order, order.size(), stream);
  std::vector<int32_t> drawn;
  for (int64_t i = 0; i < samples; ++i)
    if (order[i] % folds == fold) drawn.push_back(static_cast<int32_t>(i));
  return drawn;
}

}  // namespace lanet
