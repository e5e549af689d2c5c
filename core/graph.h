// Graph: recorded once, planned (core/planner.h), frozen, replayed. Each node holds its forward and
// its backward pass side by side. tests/test_tour.cpp shows the whole of it in one page.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/context.h"
#include "core/shard.h"

namespace lanet {

class Graph;
class Node;

/// A tensor of the graph. Its memory exists once the graph is planned.
struct Value {
  std::string name;
  Shape shape;
  DType dtype;
  DType grad_dtype;             ///< activations: dtype; parameters: that of the bound gradient
  bool differentiable = false;  ///< some parameter lies upstream: known when it is recorded
  bool has_gradient = false;    ///< and some loss depends on it: known once the graph is planned
  bool external = false;        ///< its memory is not the arena's (parameters, state)
  bool kept = false;            ///< readable after the step
  Node* producer = nullptr;

  Tensor data;
  Tensor grad;  ///< if has_gradient
};

/// Whether a node looks at a value again in its backward pass.
enum class InBackward { no, yes };

/// What a node reads: a value, and where the loss's gradient with respect to it goes. Made by
/// Node::read(). One that was not made so stands for an operand that is absent: it has no data, and
/// nobody wants its gradient.
class Input {
 public:
  Input() = default;
  explicit operator bool() const { return read_ != nullptr; }

  const Shape& shape() const { return read_->value->shape; }
  DType dtype() const { return read_->value->dtype; }
  /// In memory once the graph is planned.
  Tensor data() const { return read_ ? read_->value->data : Tensor{}; }
  /// Where to write the gradient, and whether to add it: once the graph is planned. Null if nobody
  /// wants it.
  Gradient gradient() const { return read_ ? read_->gradient() : Gradient{}; }
  /// Whether somebody will: known while nodes are planned.
  bool wants_gradient() const { return read_ && read_->wanted(); }

 private:
  friend class Node;
  friend class Planner;
  /// One reading of a value by a node.
  struct Read {
    Value* value;
    InBackward use;
    bool differentiable;  ///< through this reading, if the value is
    bool add = false;     ///< its gradient is not the first: decided by the planner

    bool may_want() const { return differentiable && value->differentiable; }
    bool wanted() const { return differentiable && value->has_gradient; }
    Gradient gradient() const { return wanted() ? Gradient{value->grad, add} : Gradient{}; }
  };
  explicit Input(const Read* read) : read_(read) {}

  const Read* read_ = nullptr;
};

/// One operation. A concrete node names in its constructor what it reads, then what it writes and
/// saves; it makes library plans in plan(), and computes in forward() and backward(). The gradient
/// flows from the grad of each value that it writes to the gradient() of each input. Of several
/// differentiable values that it writes, the losses must depend on all or none.
class Node {
 public:
  Node(std::string kind, std::string name) : kind_(std::move(kind)), name_(std::move(name)) {}
  virtual ~Node() = default;
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  /// Requests what a library is to choose by timing (core/plan_table.h). Called once, before any
  /// node is planned.
  virtual void request_tuning(Context&) {}
  /// Makes library plans and reserves workspace. Called once, before any memory exists.
  virtual void plan(Context&) {}
  virtual void forward(Context& context) = 0;
  virtual void backward(Context&) {}

  /// A loss: it has no differentiable output, and writes the gradients of its inputs in forward(),
  /// in the same pass as its value.
  virtual bool is_loss() const { return false; }

  const std::string& kind() const { return kind_; }
  const std::string& name() const { return name_; }
  /// Value i that the node writes.
  Value* output(int i = 0) const { return writes_.at(i).value; }
  /// True if the graph calls backward(): known once it is planned.
  bool runs_backward() const { return runs_backward_; }

 protected:
  /// The node reads `value` in forward(), and in backward() too if so said. Before any write(). A
  /// node that reads one value twice must write its gradients in the order of reading.
  Input read(Value* value, InBackward use);
  /// The same, in forward() alone, where no gradient flows back to the value.
  Input read_constant(Value* value);
  /// The node writes a new value, and looks at it again in backward() if so said. A value that
  /// carries no gradient (indices, statistics) is made by write_constant().
  Value* write(Graph& graph, const Shape& shape, DType dtype, InBackward use);
  Value* write_constant(Graph& graph, const Shape& shape, DType dtype);
  /// Memory that lasts from the node's forward() to its backward().
  Value* save(Graph& graph, const Shape& shape, DType dtype);

 private:
  friend class Graph;
  friend class Planner;
  struct Write {
    Value* value;
    InBackward use;
  };
  Input add_read(const Input::Read& read);

  std::string kind_, name_;
  std::deque<Input::Read> reads_;  // inputs point at them
  std::vector<Write> writes_;
  std::vector<Value*> saves_;
  bool runs_backward_ = false;
};

/// A node that runs together with others of its kind, where a launch costs, on CUDA, or a message,
/// between ranks: those with the same key that do not depend on each other, at most largest_group()
/// of them.
class GroupedNode : public Node {
 public:
  using Node::Node;
  virtual std::string group_key() const = 0;
  virtual size_t largest_group() const = 0;
  /// The passes of all of a group, which are of this class, called on the first of them.
  virtual void forward_group(Context& context, std::span<Node* const> group) = 0;
  virtual void backward_group(Context& context, std::span<Node* const> group) = 0;

  void forward(Context& context) final { forward_group(context, alone()); }
  void backward(Context& context) final { backward_group(context, alone()); }

 private:
  std::span<Node* const> alone() { return {&self_, 1}; }
  Node* self_ = this;
};

class Graph {
 public:
  enum class Mode { training, inference };
  /// shard: which part of every batch the graph computes; its nodes exchange with the other ranks'.
  explicit Graph(Mode mode, Shard shard = {}) : mode_(mode), shard_(shard) {}

  Mode mode() const { return mode_; }
  Shard shard() const { return shard_; }

  /// A value whose content the caller writes before each step.
  Value* input(const std::string& name, const Shape& shape, DType dtype);
  /// A value in memory of its own: parameters and state. `bind` sets its data, and its grad where
  /// has_grad, when the graph is planned: by then that memory must exist.
  Value* external(const std::string& name, const Shape& shape, DType dtype, bool has_grad,
                  std::function<void(Value&)> bind);
  /// Keeps the value readable after the step.
  void keep(Value* value) { value->kept = true; }

  /// Records a node; arguments after the graph go to its constructor.
  template <typename N, typename... Args>
  N* add(Args&&... args) {
    nodes_.push_back(std::make_unique<N>(*this, std::forward<Args>(args)...));
    return static_cast<N*>(nodes_.back().get());
  }

  /// Orders the nodes, decides gradients, makes library plans, assigns memory. After it nothing is
  /// allocated. On the CPU nodes run as they were recorded, which frees memory early; on CUDA, and
  /// with several ranks, by their depth, in groups.
  void plan(Context& context);

  void forward(Context& context);
  /// Told of parameters whose gradients are complete, as the backward pass goes on.
  using CompleteGradients = std::function<void(const std::vector<Value*>&)>;
  /// The gradients of all losses (each already times its weight) by every parameter. The listener
  /// is called after each group of nodes.
  void backward(Context& context, const CompleteGradients& listener = {});

  /// Makes every value and gradient of the arena 0: for measurements of nodes by themselves, where
  /// what others left there may be denormal numbers, which processors are slow with.
  void clear(Context& context) const {
    context.fill_zero(arena_.tensor({static_cast<int64_t>(arena_.bytes())}, DType::u8));
  }
  size_t arena_bytes() const { return arena_.bytes(); }
  /// In the order in which they run forward.
  const std::vector<std::unique_ptr<Node>>& nodes() const { return nodes_; }
  /// In the order in which they were recorded.
  const std::vector<std::unique_ptr<Value>>& values() const { return values_; }

  /// One line per node: kind, name, shapes, gradient writes (= sets, + adds); and the memory.
  std::string print() const;

 private:
  friend class Node;
  friend class Planner;
  /// Nodes that run together.
  struct Group {
    std::vector<Node*> members, backward;  // backward: those of the members that run backward
    std::vector<Value*> completes;         // parameters whose gradients no later group adds to
    std::string owner;                     // their names, for who watches the context
  };
  Value* new_value(const std::string& name, const Shape& shape, DType dtype);
  static GroupedNode& first_of(std::span<Node* const> group);

  Mode mode_;
  Shard shard_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::vector<Group> groups_;  // in the order in which they run forward, which nodes_ has too
  std::vector<std::unique_ptr<Value>> values_;
  std::vector<std::pair<Value*, std::function<void(Value&)>>> binders_;
  Buffer arena_;
  bool planned_ = false;
};

}  // namespace lanet
