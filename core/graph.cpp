#include "core/graph.h"

#include <algorithm>
#include <limits>
#include <unordered_map>

#include "core/arena.h"
#include "core/plan_table.h"

namespace lanet {

Value* Node::read(Value* value, InBackward use) {
  inputs_.push_back({value, use});
  return value;
}

Value* Node::read_constant(Value* value) {
  inputs_.push_back({value, InBackward::no, /*differentiable=*/false});
  return value;
}

Value* Node::write(Graph& graph, const Shape& shape, DType dtype, InBackward use) {
  Value* value = graph.new_value(name_, shape, dtype);
  value->producer = this;
  value->needs_grad =
      graph.mode() == Graph::Mode::training &&
      std::any_of(inputs_.begin(), inputs_.end(), [](const Input& in) { return in.wanted(); });
  outputs_.push_back({value, use});
  return value;
}

Value* Node::write_constant(Graph& graph, const Shape& shape, DType dtype) {
  Value* value = graph.new_value(name_, shape, dtype);
  value->producer = this;
  outputs_.push_back({value, InBackward::yes});
  return value;
}

Value* Node::save(Graph& graph, const Shape& shape, DType dtype) {
  saved_.push_back(graph.new_value(name_ + ".saved", shape, dtype));
  saved_.back()->producer = this;
  return saved_.back();
}

Gradient Node::gradient(int i) const {
  const Input& in = inputs_.at(i);
  return in.wanted() ? Gradient{in.value->grad, in.add} : Gradient{};
}

Value* Graph::new_value(const std::string& name, const Shape& shape, DType dtype) {
  LANET_REQUIRE(!planned_, "value {} recorded after the graph was planned", name);
  values_.push_back(std::make_unique<Value>());
  Value* value = values_.back().get();
  value->name = name;
  value->shape = shape;
  value->dtype = value->grad_dtype = dtype;
  return value;
}

Value* Graph::input(const std::string& name, const Shape& shape, DType dtype) {
  Value* value = new_value(name, shape, dtype);
  value->kept = true;
  return value;
}

Value* Graph::external(const std::string& name, const Shape& shape, DType dtype, bool has_grad,
                       std::function<void(Value&)> bind) {
  Value* value = new_value(name, shape, dtype);
  value->external = true;
  value->needs_grad = mode_ == Mode::training && has_grad;
  value->grad_dtype = accumulate_dtype(dtype);
  binders_.emplace_back(value, std::move(bind));
  return value;
}

void Graph::plan(Context& context) {
  LANET_REQUIRE(!planned_, "the graph is planned already");
  for (auto& [value, bind] : binders_) {
    bind(*value);
    require_tensor(value->data, value->shape, value->dtype, value->name.c_str());
    if (!value->needs_grad) continue;
    value->grad_dtype = value->grad.dtype;
    require_tensor(value->grad, value->shape, value->grad_dtype, value->name.c_str());
  }
  schedule(context.device() == Device::cuda || shard_.ranks > 1);
  decide_gradients();
  if (PlanTable* plans = context.plans()) {
    for (auto& node : nodes_) node->request_tuning(context);
    plans->tune();
  }
  for (auto& node : nodes_) node->plan(context);
  assign_memory(context);
  planned_ = true;
}

/// Of each node: how many nodes the longest way to it passes.
std::vector<int> Graph::depths() const {
  std::vector<int> depths;
  std::unordered_map<const Node*, int> depth_of;
  for (const auto& node : nodes_) {
    int depth = 0;
    for (const auto& in : node->inputs_)
      if (in.value->producer) depth = std::max(depth, depth_of[in.value->producer] + 1);
    depths.push_back(depth_of[node.get()] = depth);
  }
  return depths;
}

/// True if `node`, of the same depth, may run with the group. No two may write the same gradient.
bool Graph::may_join(const Group& group, const Node& node) {
  const Node& first = *group.members[0];
  if (node.group_key().empty() || node.group_key() != first.group_key()) return false;
  if (group.members.size() == first.largest_group()) return false;
  for (const Node* member : group.members) {
    for (const auto& in : member->inputs_)
      for (const auto& other : node.inputs_)
        if (in.value == other.value && in.wanted() && other.wanted()) return false;
  }
  return true;
}

// By depth, parts of the network that do not depend on each other (the branches, query and
// momentum) stand side by side, and what is alike in them runs together.
void Graph::schedule(bool by_depth) {
  if (!by_depth) {
    for (auto& node : nodes_) groups_.push_back({.members = {node.get()}, .owner = node->name()});
    return;
  }
  const std::vector<int> depth = depths();
  const int deepest = depth.empty() ? -1 : *std::max_element(depth.begin(), depth.end());
  std::vector<std::unique_ptr<Node>> ordered;
  std::vector<std::vector<size_t>> level(deepest + 1);
  for (size_t i = 0; i < nodes_.size(); ++i) level[depth[i]].push_back(i);
  for (const std::vector<size_t>& its : level) {
    const size_t first_group = groups_.size();
    for (const size_t i : its) {
      Node* node = nodes_[i].get();
      const auto group = std::find_if(groups_.begin() + first_group, groups_.end(),
                                      [&](const Group& g) { return may_join(g, *node); });
      if (group != groups_.end()) {
        group->members.push_back(node);
        group->owner += ", " + node->name();
      } else {
        groups_.push_back({.members = {node}, .owner = node->name()});
      }
    }
  }
  std::unordered_map<const Node*, size_t> place;
  for (size_t i = 0; i < nodes_.size(); ++i) place[nodes_[i].get()] = i;
  for (const Group& group : groups_)
    for (const Node* node : group.members) ordered.push_back(std::move(nodes_[place[node]]));
  nodes_ = std::move(ordered);
}

// Gradients are written in this order in time: by losses in forward, then by the other nodes in
// backward (last node first). The first to write sets, the later ones add.
void Graph::decide_gradients() {
  if (mode_ == Mode::inference) return;
  std::unordered_map<const Value*, bool> written;
  auto visit = [&](Node& node) {
    for (auto& in : node.inputs_) {
      if (!in.wanted()) continue;
      in.add = written[in.value];
      written[in.value] = true;
    }
  };
  for (auto& node : nodes_) {
    if (node->is_loss()) visit(*node);
  }
  for (auto node = nodes_.rbegin(); node != nodes_.rend(); ++node) {
    if ((*node)->is_loss()) continue;
    (*node)->runs_backward_ = std::any_of(
        (*node)->outputs_.begin(), (*node)->outputs_.end(),
        [&](const Node::Output& out) { return out.value->needs_grad && written.count(out.value); });
    if ((*node)->runs_backward_) visit(**node);
  }
  std::unordered_map<Value*, Group*> last_writer;
  for (auto group = groups_.rbegin(); group != groups_.rend(); ++group) {
    for (Node* node : group->members) {
      if (!node->runs_backward_) continue;
      group->backward.push_back(node);
      for (const auto& in : node->inputs_)
        if (in.wanted() && in.value->external) last_writer[in.value] = &*group;
    }
  }
  for (auto& value : values_)  // in the order in which they were recorded
    if (const auto found = last_writer.find(value.get()); found != last_writer.end())
      found->second->completes.push_back(value.get());
  // A value no loss depends on has no gradient, even where parameters lie upstream.
  for (auto& value : values_) {
    if (!value->external && !written.count(value.get())) value->needs_grad = false;
  }
}

// Time: group i of N runs forward at i and backward at 2N − 1 − i.
void Graph::assign_memory(Context& context) {
  const int num_groups = static_cast<int>(groups_.size());
  const int end = 2 * num_groups;
  constexpr int kNever = std::numeric_limits<int>::max();
  struct Span {
    int first = kNever, last = -1;
    void include(int time) {
      first = std::min(first, time);
      last = std::max(last, time);
    }
  };
  std::unordered_map<const Value*, Span> data, grad;
  const auto include = [&](const Node& node, int i) {
    const int backward = end - 1 - i;
    for (const auto& in : node.inputs_) {
      data[in.value].include(i);
      if (node.runs_backward_ && in.use == Node::InBackward::yes) data[in.value].include(backward);
      if (!in.wanted()) continue;
      if (node.is_loss())
        grad[in.value].include(i);
      else if (node.runs_backward_)
        grad[in.value].include(backward);
    }
    for (const auto& out : node.outputs_) {
      data[out.value].include(i);
      if (!node.runs_backward_) continue;
      if (out.use == Node::InBackward::yes) data[out.value].include(backward);
      if (out.value->needs_grad) grad[out.value].include(backward);
    }
    for (const Value* value : node.saved_) {
      data[value].include(i);
      if (node.runs_backward_) data[value].include(backward);
    }
  };
  for (int i = 0; i < num_groups; ++i)
    for (const Node* node : groups_[i].members) include(*node, i);

  std::vector<Lifetime> lifetimes;
  std::vector<Tensor*> tensors;
  auto want = [&](Tensor& tensor, const Shape& shape, DType dtype, Span span) {
    tensor = {nullptr, shape, dtype, context.device()};
    lifetimes.push_back({tensor.bytes(), span.first, span.last});
    tensors.push_back(&tensor);
  };
  for (auto& value : values_) {
    if (value->external) continue;
    Span span = data[value.get()];
    if (value->kept) span.include(end);
    if (!value->producer) span.include(0);
    want(value->data, value->shape, value->dtype, span);
    if (value->needs_grad) want(value->grad, value->shape, value->grad_dtype, grad[value.get()]);
  }
  arena_ = context.allocate(assign_offsets(lifetimes));
  for (size_t i = 0; i < tensors.size(); ++i)
    tensors[i]->data = static_cast<std::byte*>(arena_.data()) + lifetimes[i].offset;
}

void Graph::forward(Context& context) {
  LANET_REQUIRE(planned_, "the graph has {} nodes and no plan", nodes_.size());
  for (const Group& group : groups_) {
    Node& first = *group.members[0];
    context.enter(group.owner, first.kind().c_str(), "forward");
    if (group.members.size() == 1)
      first.forward(context);
    else
      first.forward_group(context, group.members);
  }
}

void Graph::backward(Context& context, const CompleteGradients& listener) {
  LANET_REQUIRE(planned_ && mode_ == Mode::training,
                "backward on a graph that was not planned for it");
  for (auto group = groups_.rbegin(); group != groups_.rend(); ++group) {
    if (group->backward.empty()) continue;
    Node& first = *group->backward[0];
    context.enter(group->owner, first.kind().c_str(), "backward");
    if (group->backward.size() == 1)
      first.backward(context);
    else
      first.backward_group(context, group->backward);
    if (listener) listener(group->completes);
  }
}

std::string Graph::print() const {
  std::string text;
  for (const auto& node : nodes_) {
    text += fmt::format("{:<20} {:<38} ->", node->kind(), node->name());
    for (const auto& out : node->outputs_)
      text += fmt::format(" {} {}", out.value->dtype, out.value->shape);
    for (const auto& in : node->inputs_) {
      if (in.wanted() && (node->runs_backward_ || node->is_loss()))
        text += fmt::format("  d{} {}", in.value->name, in.add ? "+" : "=");
    }
    text += "\n";
  }
  text += fmt::format("{} nodes, arena {:.1f} MB\n", nodes_.size(), arena_.bytes() / 1e6);
  return text;
}

}  // namespace lanet
