// Scaling on paper: the reckoning against sums by hand, and at its limits.
#include "bench/scaling.h"

#include <doctest/doctest.h>

#include <limits>

namespace lanet::test {
namespace {

using namespace bench;

const Link kSlow{.latency_seconds = 1, .bytes_per_second = 10};
const Link kPerfect{.latency_seconds = 0,
                    .bytes_per_second = std::numeric_limits<double>::infinity()};
/// A byte of traffic takes a second.
const Ceilings kByteASecond{1, 1, 1};

CountedOperation compute(double seconds, const char* owner = "layer") {
  return {.owner = owner, .kind = owner, .pass = "", .name = "work", .cost = {.bytes = seconds}};
}
CountedOperation collective(const char* name, double payload, const char* kind = "gather") {
  return {.owner = kind, .kind = kind, .pass = "", .name = name, .cost = {.bytes = 2 * payload}};
}
CountedOperation bucket(double payload) {
  return collective("gradient_bucket", payload);
}

StepTime predict_on_two(const std::vector<CountedOperation>& operations, const Link& link) {
  return predict_step(operations, 2, link, kByteASecond, 1);
}

const StepSize kSmall{.backbone = "resnet18", .image = 64, .batch = 16, .dtype = "bf16"};

}  // namespace

TEST_CASE("scaling: what collectives take, by hand") {
  CHECK(all_reduce_seconds(1e9, 1, kSlow) == 0);
  CHECK(all_gather_seconds(1e9, 1, kSlow) == 0);
  CHECK(all_reduce_seconds(40, 2, kSlow) == doctest::Approx(2 * (1 + 2)));
  CHECK(all_reduce_seconds(800, 8, kSlow) == doctest::Approx(6 + 140));
  CHECK(all_reduce_seconds(8, 8, kSlow) == doctest::Approx(6 + 1.4));
  CHECK(all_reduce_seconds(2, 5, kSlow) == doctest::Approx(6 + 0.32));
  CHECK(all_gather_seconds(80, 8, kSlow) == doctest::Approx(3 + 7));
  CHECK(all_gather_seconds(80, 2, kSlow) == doctest::Approx(1 + 4));
}

TEST_CASE("scaling: a link is found again from the all-reduces over it") {
  for (const int ranks : {2, 3, 4, 8}) {
    const Link link{.latency_seconds = 5e-6, .bytes_per_second = 3e9};
    const Link found = fit_link(ranks, all_reduce_seconds(kSmallMessage, ranks, link),
                                all_reduce_seconds(kLargeMessage, ranks, link));
    CHECK(found.latency_seconds == doctest::Approx(5e-6).epsilon(0.01));
    CHECK(found.bytes_per_second == doctest::Approx(3e9).epsilon(0.01));
  }
  CHECK(fit_link(4, 1, 1).bytes_per_second > 0);
}

TEST_CASE("scaling: a collective across machines has the worse figures of both links") {
  const Cluster cluster{.within = {2, 30}, .between = {1, 20}, .ranks_per_node = 4};
  CHECK(cluster.link_for(4).latency_seconds == 2);
  CHECK(cluster.link_for(4).bytes_per_second == 30);
  CHECK(cluster.link_for(5).latency_seconds == 2);
  CHECK(cluster.link_for(5).bytes_per_second == 20);
}

TEST_CASE("scaling: a step by hand") {
  // Two ranks: 40 bytes are reduced in 6 s, gathered in 3 s.
  const std::vector<CountedOperation> operations = {
      compute(10),
      collective("all_gather", 40, "batch_norm"),
      compute(10),
      collective("all_reduce", 40, "batch_norm_max_pool"),
      bucket(40),  // from 29 to 35
      collective("reduce_scatter", 40),
      bucket(40),  // from 35, not 32, to 41
      compute(5),
      compute(7, "optimiser"),
      compute(1, "state"),
  };
  const StepTime time = predict_on_two(operations, kSlow);
  CHECK(time.compute == doctest::Approx(33));
  CHECK(time.statistics == doctest::Approx(3 + 6));
  CHECK(time.exchange == doctest::Approx(3));
  CHECK(time.buckets == doctest::Approx(41 - 37));
  CHECK(time.seconds() == doctest::Approx(49));
  const StepTime slower = predict_step(operations, 2, kSlow, kByteASecond, 2);
  CHECK(slower.compute == doctest::Approx(66));
  CHECK(slower.buckets == 0);  // there is more to hide behind

  const CollectiveCount count = count_collectives(operations);
  CHECK(count.collectives == 3);
  CHECK(count.collective_bytes == 120);
  CHECK(count.buckets == 2);
  CHECK(count.bucket_bytes == 80);
}

TEST_CASE("scaling: at the limits a step is that of one rank") {
  const std::vector<CountedOperation> operations = {
      compute(10), collective("all_gather", 40), bucket(40), compute(6), compute(7, "optimiser")};
  CHECK(predict_step(operations, 1, kSlow, kByteASecond, 1).seconds() == doctest::Approx(23));
  CHECK(predict_on_two(operations, kPerfect).seconds() == doctest::Approx(23));
  // The bucket's 6 s are those of the operation behind it.
  CHECK(predict_on_two(operations, kSlow).buckets == 0);
  CHECK(predict_on_two(operations, kSlow).seconds() == doctest::Approx(23 + 3));
  CHECK(predict_on_two(operations, {.latency_seconds = 1, .bytes_per_second = 1}).buckets ==
        doctest::Approx(2 * (1 + 20) - 6));
}

TEST_CASE("scaling: without a price on exchange, ranks lose only what the whole batch costs each") {
  const Cluster cluster{.ceilings = kH200, .within = kPerfect, .between = kPerfect};
  const auto weak = predict_scaling(Scaling::weak, kSmall, Device::cuda, cluster);
  REQUIRE(weak.size() == 11);
  CHECK(weak.back().ranks == kMostRanks);
  CHECK(weak.back().batch == 16 * kMostRanks);
  for (const ScalingPoint& point : weak) {
    CHECK(point.time.seconds() == point.time.compute);
    if (point.ranks <= 16) CHECK(efficiency(point, weak.front()) > 0.97);
    CHECK(efficiency(point, weak.front()) <= 1.0001);
  }
  const auto strong = predict_scaling(Scaling::strong, kSmall, Device::cuda, cluster);
  REQUIRE(strong.size() == 5);  // 16 images are one each on 16 ranks
  CHECK(strong.back().batch == 16);
  CHECK(strong.front().time.seconds() == weak.front().time.seconds());
}

TEST_CASE("scaling: a step of ResNet-18 has at most 48 collectives beside its buckets") {
  const CollectiveCount count =
      predict({}, 128, 8, Device::cuda, {.ceilings = kH200, .within = kPerfect}).count;
  CHECK(count.collectives <= 48);
  CHECK(count.collectives >= 20);
  CHECK(count.buckets >= 4);
  CHECK(count.buckets <= 12);
}

}  // namespace lanet::test
