#include "bench/cost_table.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

namespace lanet::bench {

namespace {

/// ms, share of the step, GB/s, TFLOP/s, floor's share of the time.
std::string rates(const Cost& cost, double floor, double seconds, double step_seconds) {
  return fmt::format("{:>10.3f} {:>6.1f} % {:>9.1f} {:>9.3f} {:>6.0f} %", 1e3 * seconds,
                     100 * seconds / step_seconds, cost.bytes / seconds / 1e9,
                     cost.flops / seconds / 1e12, 100 * floor / seconds);
}
constexpr const char* kRateTitles = "        ms    share      GB/s   TFLOP/s of floor";

template <typename Rows, typename F>
size_t widest(const Rows& rows, size_t least, F&& text) {
  for (const auto& row : rows) least = std::max(least, text(row).size());
  return least;
}

}  // namespace

std::vector<CostGroup> group_operations(const std::vector<TimedOperation>& operations,
                                        const Ceilings& ceilings) {
  std::map<std::pair<std::string, std::string>, CostGroup> found;
  for (const auto& [o, seconds] : operations) {
    CostGroup& group = found[{o.kind, o.name}];
    group.kind = o.kind;
    group.operation = o.name;
    ++group.calls;
    group.total.launches += o.cost.launches;
    group.total.bytes += o.cost.bytes;
    group.total.flops += o.cost.flops;
    group.floor_seconds += floor_seconds(o.cost, ceilings);
    group.seconds += seconds;
  }
  std::vector<CostGroup> groups;
  for (auto& [key, group] : found) groups.push_back(std::move(group));
  std::stable_sort(groups.begin(), groups.end(), [](const CostGroup& a, const CostGroup& b) {
    return std::pair(a.seconds, a.floor_seconds) > std::pair(b.seconds, b.floor_seconds);
  });
  return groups;
}

nlohmann::ordered_json to_json(const std::vector<CostGroup>& groups) {
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const CostGroup& g : groups) {
    all.push_back({{"kind", g.kind},
                   {"operation", g.operation},
                   {"calls", g.calls},
                   {"launches", g.total.launches},
                   {"bytes", g.total.bytes},
                   {"flops", g.total.flops},
                   {"floor_ms", 1e3 * g.floor_seconds}});
    if (g.seconds > 0) all.back()["ms"] = 1e3 * g.seconds;
  }
  return all;
}

void print_floors(const std::vector<CostGroup>& groups) {
  const size_t kind = widest(groups, 4, [](const CostGroup& g) { return g.kind; });
  const size_t name = widest(groups, 9, [](const CostGroup& g) { return g.operation; });
  CostGroup all;
  for (const CostGroup& g : groups) {
    all.calls += g.calls;
    all.total.launches += g.total.launches;
    all.total.bytes += g.total.bytes;
    all.total.flops += g.total.flops;
    all.floor_seconds += g.floor_seconds;
  }
  fmt::print("{:<{}} {:<{}} {:>5} {:>8} {:>9} {:>10} {:>10} {:>8}\n", "node", kind, "operation",
             name, "calls", "launches", "GB", "GFLOP", "floor ms", "share");
  auto row = [&](const CostGroup& g, const std::string& first, const std::string& second) {
    fmt::print("{:<{}} {:<{}} {:>5} {:>8} {:>9.3f} {:>10.2f} {:>10.4f} {:>6.1f} %\n", first, kind,
               second, name, g.calls, g.total.launches, g.total.bytes / 1e9, g.total.flops / 1e9,
               1e3 * g.floor_seconds, 100 * g.floor_seconds / all.floor_seconds);
  };
  for (const CostGroup& g : groups) row(g, g.kind, g.operation);
  row(all, "all", "");
}

void print_times(const std::vector<CostGroup>& groups, double outside_seconds,
                 double step_seconds) {
  const size_t kind = widest(groups, 4, [](const CostGroup& g) { return g.kind; });
  const size_t name = widest(groups, 18, [](const CostGroup& g) { return g.operation; });
  fmt::print("{:<{}} {:<{}} {:>5} {}\n", "node", kind, "operation", name, "calls", kRateTitles);
  for (const CostGroup& g : groups) {
    fmt::print("{:<{}} {:<{}} {:>5} {}\n", g.kind, kind, g.operation, name, g.calls,
               rates(g.total, g.floor_seconds, g.seconds, step_seconds));
  }
  const size_t width = kind + name + 7;
  fmt::print("{:<{}} {:>10.3f} {:>6.1f} %\n", "outside operations", width, 1e3 * outside_seconds,
             100 * outside_seconds / step_seconds);
  fmt::print("{:<{}} {:>10.3f}\n", "step", width, 1e3 * step_seconds);
}

void print_longest(const std::vector<TimedOperation>& operations, size_t count, double step_seconds,
                   const Ceilings& ceilings) {
  std::vector<TimedOperation> longest(operations);
  std::stable_sort(
      longest.begin(), longest.end(),
      [](const TimedOperation& a, const TimedOperation& b) { return a.seconds > b.seconds; });
  longest.resize(std::min(longest.size(), count));
  const size_t node = widest(longest, 4, [](const TimedOperation& t) { return t.operation.owner; });
  const size_t name = widest(longest, 9, [](const TimedOperation& t) { return t.operation.name; });
  fmt::print("\n{:<{}} {:<{}} {}\n", "node", node, "operation", name, kRateTitles);
  for (const auto& [o, seconds] : longest)
    fmt::print("{:<{}} {:<{}} {}\n", o.owner, node, o.name, name,
               rates(o.cost, floor_seconds(o.cost, ceilings), seconds, step_seconds));
}

}  // namespace lanet::bench
