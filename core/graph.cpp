#include "core/graph.h"

#include <algorithm>

#include "core/plan_table.h"
#include "core/planner.h"

namespace lanet {

Input Node::add_read(const Input::Read& read) {
  LANET_REQUIRE(writes_.empty(), "node {} reads {} after it wrote a value", name_,
                read.value->name);
  return Input(&reads_.emplace_back(read));
}

Input Node::read(Value* value, InBackward use) {
  return add_read({value, use, /*differentiable=*/true});
}

Input Node::read_constant(Value* value) {
  return add_read({value, InBackward::no, /*differentiable=*/false});
}

Value* Node::write(Graph& graph, const Shape& shape, DType dtype, InBackward use) {
  Value* value = graph.new_value(name_, shape, dtype);
  value->producer = this;
  value->differentiable =
      graph.mode() == Graph::Mode::training &&
      std::any_of(reads_.begin(), reads_.end(), [](const auto& read) { return read.may_want(); });
  writes_.push_back({value, use});
  return value;
}

Value* Node::write_constant(Graph& graph, const Shape& shape, DType dtype) {
  Value* value = graph.new_value(name_, shape, dtype);
  value->producer = this;
  writes_.push_back({value, InBackward::yes});
  return value;
}

Value* Node::save(Graph& graph, const Shape& shape, DType dtype) {
  saves_.push_back(graph.new_value(name_ + ".saved", shape, dtype));
  saves_.back()->producer = this;
  return saves_.back();
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
  value->differentiable = mode_ == Mode::training && has_grad;
  value->grad_dtype = accumulate_dtype(dtype);
  binders_.emplace_back(value, std::move(bind));
  return value;
}

void Graph::plan(Context& context) {
  LANET_REQUIRE(!planned_, "the graph is planned already");
  for (auto& [value, bind] : binders_) {
    bind(*value);
    require_tensor(value->data, value->shape, value->dtype, value->name.c_str());
    if (!value->differentiable) continue;
    value->grad_dtype = value->grad.dtype;
    require_tensor(value->grad, value->shape, value->grad_dtype, value->name.c_str());
  }
  if (context.device() == Device::cuda || shard_.ranks > 1)
    Planner::group_by_depth(*this);
  else
    Planner::keep_order(*this);
  Planner::decide_gradients(*this);
  Planner::find_complete_gradients(*this);
  if (PlanTable* plans = context.plans()) {
    for (auto& node : nodes_) node->request_tuning(context);
    plans->tune();
  }
  for (auto& node : nodes_) node->plan(context);
  Planner::assign_memory(*this, context);
  planned_ = true;
}

GroupedNode& Graph::first_of(std::span<Node* const> group) {
  return static_cast<GroupedNode&>(*group.front());
}

void Graph::forward(Context& context) {
  LANET_REQUIRE(planned_, "the graph has {} nodes and no plan", nodes_.size());
  for (const Group& group : groups_) {
    Node& first = *group.members[0];
    context.enter(group.owner, first.kind().c_str(), "forward");
    if (group.members.size() == 1)
      first.forward(context);
    else
      first_of(group.members).forward_group(context, group.members);
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
      first_of(group->backward).backward_group(context, group->backward);
    if (listener) listener(group->completes);
  }
}

std::string Graph::print() const {
  std::string text;
  for (const auto& node : nodes_) {
    text += fmt::format("{:<20} {:<38} ->", node->kind(), node->name());
    for (const auto& write : node->writes_)
      text += fmt::format(" {} {}", write.value->dtype, write.value->shape);
    for (const auto& read : node->reads_) {
      if (read.wanted() && (node->runs_backward_ || node->is_loss()))
        text += fmt::format("  d{} {}", read.value->name, read.add ? "+" : "=");
    }
    text += "\n";
  }
  text += fmt::format("{} nodes, arena {:.1f} MB\n", nodes_.size(), arena_.bytes() / 1e6);
  return text;
}

}  // namespace lanet
