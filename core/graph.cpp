#include "core/graph.h"

#include <algorithm>
#include <limits>
#include <unordered_map>

#include "core/arena.h"

namespace lanet {

Value* Node::read(Value* value, InBackward use) {
  inputs_.push_back({value, use});
  return value;
}

Value* Node::write(Graph& graph, const Shape& shape, DType dtype, InBackward use) {
  Value* value = graph.new_value(name_, shape, dtype);
  value->producer = this;
  value->needs_grad = graph.mode() == Graph::Mode::training &&
                      std::any_of(inputs_.begin(), inputs_.end(),
                                  [](const Input& in) { return in.value->needs_grad; });
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
  return in.value->needs_grad ? Gradient{in.value->grad, in.add} : Gradient{};
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
    if (value->needs_grad)
      require_tensor(value->grad, value->shape, value->grad_dtype, value->name.c_str());
  }
  decide_gradients();
  for (auto& node : nodes_) node->plan(context);
  assign_memory(context);
  planned_ = true;
}

// Gradients are written in this order in time: by losses in forward, then by the other nodes in
// backward (last node first). The first to write sets, the later ones add.
void Graph::decide_gradients() {
  if (mode_ == Mode::inference) return;
  std::unordered_map<const Value*, bool> written;
  auto visit = [&](Node& node) {
    for (auto& in : node.inputs_) {
      if (!in.value->needs_grad) continue;
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
  // A value no loss depends on has no gradient, even where parameters lie upstream.
  for (auto& value : values_) {
    if (!value->external && !written.count(value.get())) value->needs_grad = false;
  }
}

// Time: node i runs forward at i and backward at 2N − 1 − i.
void Graph::assign_memory(Context& context) {
  const int num_nodes = static_cast<int>(nodes_.size());
  const int end = 2 * num_nodes;
  constexpr int kNever = std::numeric_limits<int>::max();
  struct Span {
    int first = kNever, last = -1;
    void include(int time) {
      first = std::min(first, time);
      last = std::max(last, time);
    }
  };
  std::unordered_map<const Value*, Span> data, grad;
  for (int i = 0; i < num_nodes; ++i) {
    Node& node = *nodes_[i];
    const int backward = end - 1 - i;
    for (const auto& in : node.inputs_) {
      data[in.value].include(i);
      if (node.runs_backward_ && in.use == Node::InBackward::yes) data[in.value].include(backward);
      if (!in.value->needs_grad) continue;
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
  }

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
  for (auto& node : nodes_) {
    context.enter(node->name(), node->kind().c_str(), "forward");
    node->forward(context);
  }
}

void Graph::backward(Context& context) {
  LANET_REQUIRE(planned_ && mode_ == Mode::training,
                "backward on a graph that was not planned for it");
  for (auto node = nodes_.rbegin(); node != nodes_.rend(); ++node) {
    if (!(*node)->runs_backward_) continue;
    context.enter((*node)->name(), (*node)->kind().c_str(), "backward");
    (*node)->backward(context);
  }
}

std::string Graph::print() const {
  std::string text;
  for (const auto& node : nodes_) {
    text += fmt::format("{:<20} {:<38} ->", node->kind(), node->name());
    for (const auto& out : node->outputs_)
      text += fmt::format(" {} {}", out.value->dtype, out.value->shape);
    for (const auto& in : node->inputs_) {
      if (in.value->needs_grad && (node->runs_backward_ || node->is_loss()))
        text += fmt::format("  d{} {}", in.value->name, in.add ? "+" : "=");
    }
    text += "\n";
  }
  text += fmt::format("{} nodes, arena {:.1f} MB\n", nodes_.size(), arena_.bytes() / 1e6);
  return text;
}

}  // namespace lanet
