#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>

#include "core/error.h"
#include "data/sampler.h"

namespace lanet::test {
namespace {

using Counts = std::vector<int64_t>;

/// RAF-DB's training counts: anger, disgust, fear, happiness, sadness, surprise, neutral.
const Counts kRafSizes = {705, 717, 281, 4772, 1982, 1290, 2524};

/// Labels with sizes[c] samples of class c, the classes interleaved.
std::vector<int32_t> labels_of(Counts sizes) {
  std::vector<int32_t> labels;
  for (bool any = true; any;) {
    any = false;
    for (size_t c = 0; c < sizes.size(); ++c) {
      if (sizes[c] == 0) continue;
      --sizes[c];
      labels.push_back(static_cast<int32_t>(c));
      any = true;
    }
  }
  return labels;
}

int64_t sum(const Counts& counts) {
  return std::accumulate(counts.begin(), counts.end(), int64_t{0});
}

}  // namespace

TEST_CASE("sampler: RAF-DB's classes are visited as computed by hand") {
  // Epoch 0: ceil(n_c).
  CHECK(epoch_class_counts(kRafSizes, 0, 80) == kRafSizes);
  // Epoch 40: ceil((7·n_c + 12271) / 14); neutral gets 12271 − 10134, where its own ceil is 2139.
  CHECK(epoch_class_counts(kRafSizes, 40, 80) == Counts{1229, 1235, 1017, 3263, 1868, 1522, 2137});
  // Epoch 79: ceil((7·n_c + 79·12271) / 560): the shares are nearly equal.
  CHECK(epoch_class_counts(kRafSizes, 79, 80) == Counts{1740, 1741, 1735, 1791, 1756, 1748, 1760});
}

TEST_CASE("sampler: the counts of every epoch add up to the training set") {
  for (int epoch = 0; epoch < 80; ++epoch) {
    const Counts counts = epoch_class_counts(kRafSizes, epoch, 80);
    CHECK(sum(counts) == 12271);
    CHECK(*std::min_element(counts.begin(), counts.end()) > 0);
  }
}

TEST_CASE("sampler: empty classes are neither visited nor counted") {
  // Two classes have samples: ceil((2·n_c + 40) / 4) in the middle; the last of them gets the rest.
  CHECK(epoch_class_counts(Counts{0, 10, 0, 30, 0}, 1, 2) == Counts{0, 15, 0, 25, 0});
  CHECK(epoch_class_counts(Counts{0, 5, 0}, 3, 4) == Counts{0, 5, 0});
}

TEST_CASE("sampler: where roundings up exceed the whole, the largest class gives way") {
  // N 56, epoch 1 of 80: 1 → ceil(1.0875) = 2, five times; 50 → ceil(49.475) = 50; 60 exceed 56.
  CHECK(epoch_class_counts(Counts{1, 1, 50, 1, 1, 1, 1}, 1, 80) == Counts{2, 2, 46, 2, 2, 2, 0});
  // N 8, epoch 1 of 80: 2 each for six classes, 12 exceed 8: the first of the largest gives first.
  CHECK(epoch_class_counts(Counts{1, 1, 1, 1, 1, 2, 1}, 1, 80) == Counts{1, 1, 1, 1, 2, 2, 0});
}

TEST_CASE("sampler: within a class every sample is taken as often, give or take one") {
  for (const int epoch : {0, 1, 40, 79}) {
    CAPTURE(epoch);
    const auto labels = labels_of(kRafSizes);
    const auto order = epoch_order(labels, 7, epoch, 80, 3);
    const Counts counts = epoch_class_counts(kRafSizes, epoch, 80);
    REQUIRE(order.size() == labels.size());
    Counts visits(labels.size(), 0), class_visits(7, 0);
    for (const int32_t sample : order) {
      ++visits[static_cast<size_t>(sample)];
      ++class_visits[static_cast<size_t>(labels[static_cast<size_t>(sample)])];
    }
    CHECK(class_visits == counts);
    bool even = true;
    for (size_t i = 0; i < labels.size(); ++i) {
      const auto c = static_cast<size_t>(labels[i]);
      const int64_t least = counts[c] / kRafSizes[c];
      even = even && (visits[i] == least || (visits[i] == least + 1 && counts[c] % kRafSizes[c]));
    }
    CHECK(even);
  }
}

TEST_CASE("sampler: the order depends on seed and epoch, and mixes the classes") {
  const auto labels = labels_of(kRafSizes);
  const auto order = epoch_order(labels, 7, 40, 80, 3);
  CHECK(epoch_order(labels, 7, 40, 80, 3) == order);
  CHECK(epoch_order(labels, 7, 40, 80, 4) != order);
  CHECK(epoch_order(labels, 7, 41, 80, 3) != order);
  // Epoch 0 visits every sample once: a permutation, and another one with another seed.
  auto sorted = epoch_order(labels, 7, 0, 80, 3);
  CHECK(sorted != epoch_order(labels, 7, 0, 80, 4));
  CHECK_FALSE(std::is_sorted(sorted.begin(), sorted.end()));
  std::sort(sorted.begin(), sorted.end());
  std::vector<int32_t> each(labels.size());
  std::iota(each.begin(), each.end(), 0);
  CHECK(sorted == each);
  // The class of the first visits is distributed as over the epoch: happiness 3263 of 12271.
  const auto happy = std::count_if(order.begin(), order.begin() + 3000, [&](int32_t sample) {
    return labels[static_cast<size_t>(sample)] == 3;
  });
  CHECK(happy > 3000 * 0.266 - 5 * 24);
  CHECK(happy < 3000 * 0.266 + 5 * 24);
}

TEST_CASE("sampler: each epoch draws again, evenly, which samples are taken once more") {
  // 4 of class 0 and 12 of class 1: half-way class 0 has ceil((4·2 + 16) / 4) = 6 visits, 2 extras.
  const auto labels = labels_of({4, 12});
  Counts extra(4, 0);
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    Counts visits(4, 0);
    for (const int32_t sample : epoch_order(labels, 2, 1, 2, seed)) {
      if (labels[static_cast<size_t>(sample)] == 0) ++visits[static_cast<size_t>(sample) / 2];
    }
    REQUIRE(sum(visits) == 6);
    for (size_t i = 0; i < 4; ++i) extra[i] += visits[i] - 1;
  }
  // Each is one of the two with probability 1/2: 1000 of 2000, standard deviation 22.
  for (const int64_t count : extra) CHECK(std::abs(count - 1000) < 5 * 23);
}

TEST_CASE("sampler: arguments without meaning are refused") {
  const std::vector<int32_t> labels = {0, 1};
  CHECK_THROWS_WITH_AS(epoch_order(labels, 2, 2, 2, 1), doctest::Contains("epoch 2 of 2"), Error);
  CHECK_THROWS_WITH_AS(epoch_order(labels, 1, 0, 2, 1), doctest::Contains("label 1 of sample 1"),
                       Error);
  CHECK_THROWS_AS(epoch_order({}, 2, 0, 2, 1), Error);
}

}  // namespace lanet::test
