#include "bench/scaling.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "bench/step.h"

namespace lanet::bench {

namespace {

bool is_bucket(const CountedOperation& o) {
  return o.name == "gradient_bucket";
}

bool is_collective(const CountedOperation& o) {
  return o.name == "all_reduce" || o.name == "all_gather" || o.name == "reduce_scatter";
}

/// It announces that they are read and written.
double payload(const CountedOperation& o) {
  return o.cost.bytes / 2;
}

}  // namespace

CollectiveCount count_collectives(const std::vector<CountedOperation>& operations) {
  CollectiveCount count;
  for (const CountedOperation& o : operations) {
    if (is_bucket(o)) {
      ++count.buckets;
      count.bucket_bytes += payload(o);
    } else if (is_collective(o)) {
      ++count.collectives;
      count.collective_bytes += payload(o);
    }
  }
  return count;
}

nlohmann::ordered_json to_json(const CollectiveCount& count) {
  return {{"collectives", count.collectives},
          {"collective_bytes", count.collective_bytes},
          {"buckets", count.buckets},
          {"bucket_bytes", count.bucket_bytes}};
}

StepTime predict_step(const std::vector<CountedOperation>& operations, int ranks, const Link& link,
                      const Ceilings& ceilings, double slowdown) {
  StepTime time;
  double buckets_done = 0;
  for (const CountedOperation& o : operations) {
    const double now = time.seconds();
    if (is_bucket(o)) {
      buckets_done = std::max(now, buckets_done) + all_reduce_seconds(payload(o), ranks, link);
    } else if (is_collective(o)) {
      const double taken = o.name == "all_reduce" ? all_reduce_seconds(payload(o), ranks, link)
                                                  : all_gather_seconds(payload(o), ranks, link);
      (o.kind.starts_with("batch_norm") ? time.statistics : time.exchange) += taken;
    } else {
      if (o.owner == "optimiser") time.buckets += std::max(0.0, buckets_done - now);
      time.compute += slowdown * floor_seconds(o.cost, ceilings);
    }
  }
  return time;
}

Link Cluster::link_for(int ranks) const {
  if (ranks <= ranks_per_node) return within;
  return {std::max(within.latency_seconds, between.latency_seconds),
          std::min(within.bytes_per_second, between.bytes_per_second)};
}

double efficiency(const ScalingPoint& point, const ScalingPoint& one) {
  return point.images_per_second() / (point.ranks * one.images_per_second());
}

ScalingPoint predict(const StepSize& size, int64_t batch, int ranks, Device device,
                     const Cluster& cluster) {
  StepSize whole = size;
  whole.batch = batch;
  const std::vector<CountedOperation> operations =
      count_step(step_config(whole), device, {.rank = 0, .ranks = ranks});
  return {.ranks = ranks,
          .batch = batch,
          .count = count_collectives(operations),
          .time = predict_step(operations, ranks, cluster.link_for(ranks), cluster.ceilings,
                               cluster.slowdown)};
}

std::vector<ScalingPoint> predict_scaling(Scaling scaling, const StepSize& size, Device device,
                                          const Cluster& cluster) {
  std::vector<ScalingPoint> points;
  for (int ranks = 1; ranks <= kMostRanks; ranks *= 2) {
    if (scaling == Scaling::strong && size.batch % ranks != 0) break;
    const int64_t batch = scaling == Scaling::weak ? ranks * size.batch : size.batch;
    points.push_back(predict(size, batch, ranks, device, cluster));
  }
  return points;
}

}  // namespace lanet::bench
