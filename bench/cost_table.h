// Many operations of a step as a table: grouped by the kind of node that they belong to, with their
// least time and, if it is known, their own.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "train/step_cost.h"

namespace lanet::bench {

/// An operation of a step, and how long it took; 0: not measured.
struct TimedOperation {
  CountedOperation operation;
  double seconds = 0;
};

/// The operations of one name in the nodes of one kind.
struct CostGroup {
  std::string kind, operation;
  int calls = 0;
  Cost total{.launches = 0};
  double floor_seconds = 0;
  double seconds = 0;
};
/// Those that take longest first: of time where it was measured, else of floors.
std::vector<CostGroup> group_operations(const std::vector<TimedOperation>& operations,
                                        const Ceilings& ceilings);
nlohmann::ordered_json to_json(const std::vector<CostGroup>& groups);

/// Prints groups without times: launches, GB, GFLOP, floor and its share of all floors; then
/// totals.
void print_floors(const std::vector<CostGroup>& groups);
/// Prints groups with times: the share of the step, GB/s, TFLOP/s, and the floor as a share of the
/// time; then what the step took outside operations, and the step.
void print_times(const std::vector<CostGroup>& groups, double outside_seconds, double step_seconds);
/// The `count` operations that take longest, each with its node.
void print_longest(const std::vector<TimedOperation>& operations, size_t count, double step_seconds,
                   const Ceilings& ceilings);

}  // namespace lanet::bench
