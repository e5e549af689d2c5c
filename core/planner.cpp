#include "core/planner.h"

#include <algorithm>
#include <limits>
#include <unordered_map>

#include "core/arena.h"

namespace lanet {

void Planner::keep_order(Graph& graph) {
  for (auto& node : graph.nodes_)
    graph.groups_.push_back({.members = {node.get()}, .owner = node->name()});
}

/// Of each node: how many nodes the longest way to it passes.
std::vector<int> Planner::depths(const Graph& graph) {
  std::vector<int> depths;
  std::unordered_map<const Node*, int> depth_of;
  for (const auto& node : graph.nodes_) {
    int depth = 0;
    for (const auto& read : node->reads_)
      if (read.value->producer) depth = std::max(depth, depth_of[read.value->producer] + 1);
    depths.push_back(depth_of[node.get()] = depth);
  }
  return depths;
}

/// True if `node`, of the same depth, may run with the group. No two may write the same gradient.
bool Planner::may_join(const Graph::Group& group, const Node& node) {
  const auto* grouped = dynamic_cast<const GroupedNode*>(&node);
  const auto* first = dynamic_cast<const GroupedNode*>(group.members[0]);
  if (!grouped || !first || grouped->group_key() != first->group_key()) return false;
  if (group.members.size() == first->largest_group()) return false;
  for (const Node* member : group.members) {
    for (const auto& read : member->reads_)
      for (const auto& other : node.reads_)
        if (read.value == other.value && read.may_want() && other.may_want()) return false;
  }
  return true;
}

void Planner::group_by_depth(Graph& graph) {
  const std::vector<int> depth = depths(graph);
  const int deepest = depth.empty() ? -1 : *std::max_element(depth.begin(), depth.end());
  std::vector<std::vector<Node*>> levels(deepest + 1);
  for (size_t i = 0; i < graph.nodes_.size(); ++i)
    levels[depth[i]].push_back(graph.nodes_[i].get());
  std::vector<Graph::Group>& groups = graph.groups_;
  for (const std::vector<Node*>& level : levels) {
    const auto first_group = static_cast<int64_t>(groups.size());
    for (Node* node : level) {
      const auto group = std::find_if(groups.begin() + first_group, groups.end(),
                                      [&](const Graph::Group& g) { return may_join(g, *node); });
      if (group != groups.end()) {
        group->members.push_back(node);
        group->owner += ", " + node->name();
      } else {
        groups.push_back({.members = {node}, .owner = node->name()});
      }
    }
  }
  std::unordered_map<const Node*, size_t> place;
  for (size_t i = 0; i < graph.nodes_.size(); ++i) place[graph.nodes_[i].get()] = i;
  std::vector<std::unique_ptr<Node>> ordered;
  for (const Graph::Group& group : groups)
    for (const Node* node : group.members) ordered.push_back(std::move(graph.nodes_[place[node]]));
  graph.nodes_ = std::move(ordered);
}

void Planner::decide_gradients(Graph& graph) {
  if (graph.mode() == Graph::Mode::inference) return;
  std::unordered_map<const Value*, bool> written;
  const auto visit = [&](Node& node) {
    for (auto& read : node.reads_) {
      if (!read.may_want()) continue;
      read.add = written[read.value];
      written[read.value] = true;
    }
  };
  for (auto& node : graph.nodes_)
    if (node->is_loss()) visit(*node);
  for (auto node = graph.nodes_.rbegin(); node != graph.nodes_.rend(); ++node) {
    if ((*node)->is_loss()) continue;
    const auto& writes = (*node)->writes_;
    (*node)->runs_backward_ = std::any_of(writes.begin(), writes.end(), [&](const auto& write) {
      return write.value->differentiable && written.count(write.value);
    });
    if ((*node)->runs_backward_) visit(**node);
  }
  // A parameter's gradient has memory of its own, whether or not a loss depends on it.
  for (auto& value : graph.values_)
    value->has_gradient = value->differentiable && (value->external || written.count(value.get()));
}

void Planner::find_complete_gradients(Graph& graph) {
  std::unordered_map<const Value*, Graph::Group*> last_writer;
  for (auto group = graph.groups_.rbegin(); group != graph.groups_.rend(); ++group) {
    for (Node* node : group->members) {
      if (!node->runs_backward_) continue;
      group->backward.push_back(node);
      for (const auto& read : node->reads_)
        if (read.wanted() && read.value->external) last_writer[read.value] = &*group;
    }
  }
  for (auto& value : graph.values_)
    if (const auto found = last_writer.find(value.get()); found != last_writer.end())
      found->second->completes.push_back(value.get());
}

namespace {

/// From when to when a tensor is needed. Time: group i of N runs forward at i, and backward at
/// 2N − 1 − i.
struct Span {
  int first = std::numeric_limits<int>::max(), last = -1;
  void include(int time) {
    first = std::min(first, time);
    last = std::max(last, time);
  }
};

}  // namespace

void Planner::assign_memory(Graph& graph, Context& context) {
  const int num_groups = static_cast<int>(graph.groups_.size());
  const int end = 2 * num_groups;
  std::unordered_map<const Value*, Span> data, grad;
  const auto include = [&](const Node& node, int forward) {
    const int backward = end - 1 - forward;
    const bool in_backward = node.runs_backward_;
    for (const auto& read : node.reads_) {
      data[read.value].include(forward);
      if (in_backward && read.use == InBackward::yes) data[read.value].include(backward);
      if (!read.wanted()) continue;
      if (node.is_loss())
        grad[read.value].include(forward);
      else if (in_backward)
        grad[read.value].include(backward);
    }
    for (const auto& write : node.writes_) {
      data[write.value].include(forward);
      if (!in_backward) continue;
      if (write.use == InBackward::yes) data[write.value].include(backward);
      if (write.value->has_gradient) grad[write.value].include(backward);
    }
    for (const Value* value : node.saves_) {
      data[value].include(forward);
      if (in_backward) data[value].include(backward);
    }
  };
  for (int i = 0; i < num_groups; ++i)
    for (const Node* node : graph.groups_[i].members) include(*node, i);

  std::vector<Lifetime> lifetimes;
  std::vector<Tensor*> tensors;
  const auto want = [&](Tensor& tensor, const Shape& shape, DType dtype, Span span) {
    tensor = {nullptr, shape, dtype, context.device()};
    lifetimes.push_back({tensor.bytes(), span.first, span.last});
    tensors.push_back(&tensor);
  };
  for (auto& value : graph.values_) {
    if (value->external) continue;
    Span span = data[value.get()];
    if (value->kept) span.include(end);
    if (!value->producer) span.include(0);
    want(value->data, value->shape, value->dtype, span);
    if (value->has_gradient) want(value->grad, value->shape, value->grad_dtype, grad[value.get()]);
  }
  graph.arena_ = context.allocate(assign_offsets(lifetimes));
  for (size_t i = 0; i < tensors.size(); ++i)
    tensors[i]->data = static_cast<std::byte*>(graph.arena_.data()) + lifetimes[i].offset;
}

}  // namespace lanet
