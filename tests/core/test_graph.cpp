#include "core/graph.h"

#include "core/arena.h"
#include "core/plan_table.h"
#include "kernels/l2_normalize.h"
#include "tests/op_test.h"

namespace lanet::test {
namespace {

/// y = a·x, with a in double; may keep x for its backward pass, only to prove lifetimes.
class Scale : public Node {
 public:
  Scale(Graph& graph, const std::string& name, Value* x, double factor,
        InBackward use = InBackward::no)
      : Node("scale", name), factor_(factor) {
    x_ = read(x, use);
    y_ = write(graph, x->shape, x->dtype, InBackward::no);
  }
  void forward(Context&) override {
    for (int64_t i = 0; i < x_.shape().elements(); ++i)
      y_->data.as<double>()[i] = factor_ * x_.data().as<double>()[i];
  }
  void backward(Context&) override {
    const Gradient dx = x_.gradient();
    for (int64_t i = 0; i < x_.shape().elements(); ++i)
      write_gradient(dx.tensor.as<double>()[i], factor_ * y_->grad.as<double>()[i], dx.add);
  }

 private:
  double factor_;
  Input x_;
  Value* y_;
};

/// loss = Σ x²/2, gradient x.
class HalfSquares : public Node {
 public:
  HalfSquares(Graph& graph, const std::string& name, Value* x) : Node("half_squares", name) {
    x_ = read(x, InBackward::no);
    loss_ = write_constant(graph, {1}, DType::f64);
    graph.keep(loss_);
  }
  bool is_loss() const override { return true; }
  void forward(Context&) override {
    double sum = 0;
    const Gradient dx = x_.gradient();
    for (int64_t i = 0; i < x_.shape().elements(); ++i) {
      const double x = x_.data().as<double>()[i];
      sum += x * x / 2;
      if (dx) write_gradient(dx.tensor.as<double>()[i], x, dx.add);
    }
    loss_->data.as<double>()[0] = sum;
  }
  double loss() const { return loss_->data.as<double>()[0]; }

 private:
  Input x_;
  Value* loss_;
};

class Allocates : public Node {
 public:
  Allocates(Graph& graph, Value* x) : Node("allocates", "allocates") {
    read(x, InBackward::no);
    write_constant(graph, {1}, DType::f64);
  }
  void forward(Context& context) override { context.allocate(8); }
};

/// Computes nothing; notes with whom it ran.
class Grouped : public GroupedNode {
 public:
  Grouped(Graph& graph, const std::string& name, Value* x, std::vector<std::string>* runs)
      : GroupedNode("grouped", name), runs_(runs) {
    read(x, InBackward::no);
    write(graph, x->shape, x->dtype, InBackward::no);
  }
  std::string group_key() const override { return "grouped"; }
  size_t largest_group() const override { return 2; }
  void forward_group(Context&, std::span<Node* const> group) override {
    std::string names;
    for (const Node* node : group) names += node->name();
    runs_->push_back(names);
  }
  void backward_group(Context& context, std::span<Node* const> group) override {
    forward_group(context, group);
    runs_->back() = "d" + runs_->back();
  }

 private:
  std::vector<std::string>* runs_;
};

/// Computes nothing; has an engine chosen by timing, and notes what happens to it.
class Tuned : public Node {
 public:
  Tuned(Graph& graph, const std::string& name, Value* x, double floor_seconds,
        std::vector<std::string>* notes)
      : Node("tuned", name), floor_seconds_(floor_seconds), notes_(notes) {
    x_ = read(x, InBackward::no);
    write(graph, x->shape, x->dtype, InBackward::no);
  }
  void request_tuning(Context& context) override {
    notes_->push_back(name() + (x_.gradient().add ? " asks, adding" : " asks"));
    context.plans()->request(
        name(), floor_seconds_,
        [this](bool compiled, const std::function<bool()>&, std::vector<PlanEngine>& timed) {
          if (compiled) return;
          notes_->push_back(name() + " races");
          timed = {{.engine = 5, .milliseconds = 1}};
        });
  }
  void plan(Context& context) override {
    const PlanEngine* engine = context.plans() ? context.plans()->find(name()) : nullptr;
    notes_->push_back(fmt::format("{} takes {}", name(), engine ? engine->engine : 0));
  }
  void forward(Context&) override {}

 private:
  double floor_seconds_;
  std::vector<std::string>* notes_;
  Input x_;
};

/// Reads after it wrote.
class Late : public Node {
 public:
  Late(Graph& graph, Value* x) : Node("late", "late") {
    read(x, InBackward::no);
    write(graph, x->shape, x->dtype, InBackward::no);
    read(x, InBackward::no);
  }
  void forward(Context&) override {}
};

/// A loss that computes nothing.
class Counted : public Node {
 public:
  Counted(Graph&, Value* x) : Node("counted", "loss") { read(x, InBackward::no); }
  bool is_loss() const override { return true; }
  void forward(Context&) override {}
};

struct Parameter64 {
  OwnedTensor data = OwnedTensor::random({5}, DType::f64, 1);
  OwnedTensor grad{{5}, DType::f64};
  Value* value(Graph& graph) {
    return graph.external("p", {5}, DType::f64, true, [this](Value& v) {
      v.data = data;
      v.grad = grad;
    });
  }
};

}  // namespace

TEST_CASE("graph: the first writer sets a gradient and later ones add, over NaN") {
  Context context;
  Graph graph(Graph::Mode::training);
  Parameter64 p;
  Value* x = p.value(graph);
  // Three uses of x: two chains and a loss directly on it.
  Value* a = graph.add<Scale>("a", x, 2.0)->output();
  Value* b = graph.add<Scale>("b", x, 3.0)->output();
  graph.add<HalfSquares>("la", a);
  graph.add<HalfSquares>("lb", b);
  graph.add<HalfSquares>("lx", x);
  graph.plan(context);
  for (int repeat = 0; repeat < 2; ++repeat) {
    graph.forward(context);
    graph.backward(context);
    for (int i = 0; i < 5; ++i) CHECK(p.grad.at(i) == doctest::Approx((4 + 9 + 1) * p.data.at(i)));
  }
  CHECK(graph.print().find("dp =") != std::string::npos);
  CHECK(graph.print().find("dp +") != std::string::npos);
}

TEST_CASE("graph: what no loss depends on has no gradient and runs no backward") {
  Context context;
  Graph graph(Graph::Mode::training);
  Parameter64 p;
  Value* x = p.value(graph);
  auto* unused = graph.add<Scale>("unused", x, 2.0);
  graph.add<HalfSquares>("loss", graph.add<Scale>("used", x, 3.0)->output());
  graph.plan(context);
  CHECK_FALSE(unused->runs_backward());
  CHECK(unused->output()->differentiable);
  CHECK_FALSE(unused->output()->has_gradient);
  graph.forward(context);
  graph.backward(context);
  CHECK(p.grad.at(0) == doctest::Approx(9 * p.data.at(0)));
}

TEST_CASE("graph: in inference a long chain lives in two tensors") {
  Context context;
  Graph graph(Graph::Mode::inference);
  Value* x = graph.input("x", {1000}, DType::f64);
  for (int i = 0; i < 20; ++i) x = graph.add<Scale>("s", x, 1.0)->output();
  graph.keep(x);
  graph.plan(context);
  CHECK(graph.arena_bytes() < 5 * 8192);  // the input, the output, and two between
}

TEST_CASE("graph: a node that allocates after the freeze is stopped") {
  Context context;
  Graph graph(Graph::Mode::inference);
  graph.add<Allocates>(graph.input("x", {1}, DType::f64));
  graph.plan(context);
  graph.forward(context);
  context.freeze();
  CHECK_THROWS_WITH_AS(graph.forward(context), doctest::Contains("after the graph was frozen"),
                       Error);
}

TEST_CASE("graph: on CUDA nodes alike of one depth run together, on the CPU each as recorded") {
  for (const Device device : {Device::cuda, Device::cpu}) {
    Context context(Context::CountOnly{}, device);
    Graph graph(Graph::Mode::training);
    Parameter64 p, q, r;
    std::vector<std::string> runs;
    const auto chain = [&](Parameter64& parameter, const char* first, const char* second) {
      Value* x = graph.add<Grouped>(first, parameter.value(graph), &runs)->output();
      return graph.add<Grouped>(second, x, &runs)->output();
    };
    graph.add<Counted>(chain(p, "a", "b"));
    graph.add<Counted>(chain(q, "c", "d"));
    chain(r, "e", "f");  // of no loss; a third in no group of two
    graph.plan(context);
    graph.forward(context);
    graph.backward(context);
    if (device == Device::cuda)
      CHECK(runs == std::vector<std::string>{"ac", "e", "bd", "f", "dbd", "dac"});
    else
      CHECK(runs == std::vector<std::string>{"a", "b", "c", "d", "e", "f", "dd", "dc", "db", "da"});
  }
}

TEST_CASE("graph: nodes that write the same gradient do not run together") {
  Context context(Context::CountOnly{}, Device::cuda);
  Graph graph(Graph::Mode::training);
  Parameter64 p;
  std::vector<std::string> runs;
  Value* x = p.value(graph);
  for (const char* name : {"a", "b"})
    graph.add<Counted>(graph.add<Grouped>(name, x, &runs)->output());
  graph.plan(context);
  graph.forward(context);
  CHECK(runs == std::vector<std::string>{"a", "b"});
}

TEST_CASE("graph: what is tuned is known whole, and tuned, before any node is planned") {
  for (const bool with_table : {true, false}) {
    Context context;
    PlanTable plans("machine");
    if (with_table) context.set_plans(&plans);
    Graph graph(Graph::Mode::training);
    Parameter64 p;
    Value* x = p.value(graph);
    std::vector<std::string> notes;
    Value* a = graph.add<Tuned>("a", x, 1.0, &notes)->output();
    Value* b = graph.add<Tuned>("b", x, 2.0, &notes)->output();
    graph.add<Counted>(a);
    graph.add<Counted>(b);
    graph.plan(context);
    CHECK(notes == (with_table ? std::vector<std::string>{"a asks, adding", "b asks", "b races",
                                                          "a races", "a takes 5", "b takes 5"}
                               : std::vector<std::string>{"a takes 0", "b takes 0"}));
  }
}

TEST_CASE("graph: a node that reads after it wrote is refused") {
  Graph graph(Graph::Mode::training);
  Value* x = graph.input("x", {1}, DType::f64);
  CHECK_THROWS_WITH_AS(graph.add<Late>(x),
                       doctest::Contains("node late reads x after it wrote a value"), Error);
}

TEST_CASE("graph: an input that was not read has no data and no gradient") {
  const Input absent;
  CHECK_FALSE(absent);
  CHECK_FALSE(absent.data());
  CHECK_FALSE(absent.gradient());
  CHECK_FALSE(absent.wants_gradient());
}

TEST_CASE("planner: a parameter is complete after the last group that adds to its gradient") {
  Context context;
  Graph graph(Graph::Mode::training);
  Parameter64 p, q, unused;
  Value* x = p.value(graph);
  Value* a = graph.add<Scale>("a", x, 2.0)->output();
  Value* b = graph.add<Scale>("b", q.value(graph), 3.0)->output();
  graph.add<HalfSquares>("la", a);
  graph.add<HalfSquares>("lb", b);
  graph.add<HalfSquares>("lc", graph.add<Scale>("c", x, 2.0)->output());
  unused.value(graph);
  graph.plan(context);
  graph.forward(context);
  std::vector<size_t> complete;  // parameters, after each group of the backward pass: c, b, a
  graph.backward(context, [&](const std::vector<Value*>& its) { complete.push_back(its.size()); });
  CHECK(complete == std::vector<size_t>{0, 1, 1});
}

TEST_CASE("planner: what is read again in the backward pass keeps its memory until then") {
  Context context;
  const auto arena_bytes = [&](InBackward use) {
    Graph graph(Graph::Mode::training);
    Parameter64 p;
    Value* x = graph.add<Scale>("first", p.value(graph), 1.0, use)->output();
    for (int i = 0; i < 20; ++i) x = graph.add<Scale>("s", x, 1.0, use)->output();
    graph.add<HalfSquares>("loss", x);
    graph.plan(context);
    return graph.arena_bytes();
  };
  CHECK(arena_bytes(InBackward::yes) >= arena_bytes(InBackward::no) + 15 * kArenaAlignment);
}

TEST_CASE("graph: recording after planning is refused") {
  Context context;
  Graph graph(Graph::Mode::inference);
  Value* x = graph.input("x", {1}, DType::f64);
  graph.plan(context);
  CHECK_THROWS_AS(graph.add<Scale>("late", x, 1.0), Error);
}

}  // namespace lanet::test
