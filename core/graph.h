// Graph: recorded once, planned, frozen, replayed. Each node holds its forward and its backward
// side by side; the planner decides who sets a gradient and who adds to it, and where every tensor
// lies.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/ranks/communicator.h"

namespace lanet {

class Graph;
class Node;

/// A tensor of the graph. Its memory exists once the graph is planned.
struct Value {
  std::string name;
  Shape shape;
  DType dtype;
  DType grad_dtype;         ///< activations: dtype; parameters: that of the bound gradient
  bool needs_grad = false;  ///< some parameter lies upstream
  bool external = false;    ///< its memory is not the arena's (parameters, state)
  bool kept = false;        ///< readable after the step
  Node* producer = nullptr;

  Tensor data;
  Tensor grad;
};

/// One operation. A concrete node names its inputs and outputs in its constructor by read(),
/// write() and save(), makes library plans in plan(), and computes in forward() and backward(). The
/// gradient flows from the gradients of the node's outputs to gradient(i) of each of its inputs. Of
/// several differentiable outputs the losses must depend on all or none.
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

  /// Where a launch costs, on CUDA, or a message, between ranks: nodes with the same key that do
  /// not depend on each other run together, at most largest_group() of them. An empty key: this
  /// node runs by itself.
  virtual std::string group_key() const { return {}; }
  virtual size_t largest_group() const { return 1; }
  /// Called on the first of a group, in place of forward() and backward() of each.
  virtual void forward_group(Context& context, std::span<Node* const> group) {
    for (Node* node : group) node->forward(context);
  }
  virtual void backward_group(Context& context, std::span<Node* const> group) {
    for (Node* node : group) node->backward(context);
  }

  /// A loss: it has no differentiable output, and writes the gradients of its inputs in forward(),
  /// in the same pass as its value.
  virtual bool is_loss() const { return false; }

  const std::string& kind() const { return kind_; }
  const std::string& name() const { return name_; }
  /// Value i that the node writes.
  Value* output(int i = 0) const { return outputs_.at(i).value; }

 protected:
  enum class InBackward { no, yes };

  /// The node reads `value` in forward(), and in backward() too if so said.
  Value* read(Value* value, InBackward use);
  /// The same, in forward() alone, where no gradient flows back to the value.
  Value* read_constant(Value* value);
  /// The node writes a new value; in_backward: it reads it again in backward(). A value that
  /// carries no gradient (indices, statistics) is made by write_constant().
  Value* write(Graph& graph, const Shape& shape, DType dtype, InBackward use);
  Value* write_constant(Graph& graph, const Shape& shape, DType dtype);
  /// Memory that lasts from the node's forward() to its backward().
  Value* save(Graph& graph, const Shape& shape, DType dtype);

  /// Where the gradient of input i (in the order of read()) goes; null if none is wanted. A node
  /// that reads one value twice must write its gradients in the order of read().
  Gradient gradient(int i) const;
  /// True if the gradient of input i is wanted: known while planning.
  bool wants_gradient(int i) const { return inputs_.at(i).wanted(); }

 private:
  friend class Graph;
  struct Input {
    Value* value;
    InBackward use;
    bool differentiable = true;
    bool add = false;
    /// Some gradient flows back through the node to it.
    bool wanted() const { return differentiable && value->needs_grad; }
  };
  struct Output {
    Value* value;
    InBackward use;
  };
  std::string kind_, name_;
  std::vector<Input> inputs_;
  std::vector<Output> outputs_;
  std::vector<Value*> saved_;
  bool runs_backward_ = false;
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

  /// Orders the nodes, makes library plans, decides gradients, assigns memory. After it nothing is
  /// allocated. On the CPU nodes run as they were recorded, which frees memory early; on CUDA, and
  /// with several ranks, by their depth, in groups.
  void plan(Context& context);

  void forward(Context& context);
  /// Told of parameters whose gradients are complete, as the backward pass goes on.
  using CompleteGradients = std::function<void(const std::vector<Value*>&)>;
  /// The gradients of all losses (each already times its weight) by every parameter. The listener
  /// is called behind each group of nodes.
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
  /// True if backward() calls this node.
  static bool runs_backward(const Node& node) { return node.runs_backward_; }

  /// A line a node: kind, name, shapes, gradient writes (= sets, + adds), and the memory.
  std::string print() const;

 private:
  friend class Node;
  Value* new_value(const std::string& name, const Shape& shape, DType dtype);
  /// Nodes that run together.
  struct Group {
    std::vector<Node*> members, backward;  // backward: those of the members that run backward
    std::vector<Value*> completes;         // parameters whose gradients nobody behind adds to
    std::string owner;                     // their names, for who watches the context
  };
  void schedule(bool by_depth);
  std::vector<int> depths() const;
  static bool may_join(const Group& group, const Node& node);
  void decide_gradients();
  void assign_memory(Context& context);

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
