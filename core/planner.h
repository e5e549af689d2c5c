// What Graph::plan() decides, step by step: in which order and with whom nodes run, which gradients
// there are and who writes them first, and where in one block of memory every tensor lies.
#pragma once

#include "core/graph.h"

namespace lanet {

/// The steps, in the order in which plan() takes them. Each fills in part of the graph.
class Planner {
 public:
  /// Each node by itself, as it was recorded.
  static void keep_order(Graph& graph);
  /// By depth, so that parts of the network that do not depend on each other (the branches, query
  /// and momentum) stand side by side, and what is alike in them runs together.
  static void group_by_depth(Graph& graph);
  /// Which nodes run backward, which values have a gradient, and who adds to one: the first to
  /// write it sets it. Losses write in forward, then the other nodes in backward, last one first.
  static void decide_gradients(Graph& graph);
  /// After which group each parameter's gradient is complete.
  static void find_complete_gradients(Graph& graph);
  /// Lifetimes become offsets in one block (core/arena.h).
  static void assign_memory(Graph& graph, Context& context);

 private:
  static std::vector<int> depths(const Graph& graph);
  static bool may_join(const Graph::Group& group, const Node& node);
};

}  // namespace lanet
