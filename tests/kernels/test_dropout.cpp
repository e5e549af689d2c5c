#include "kernels/dropout_ref.h"
#include "layers/dropout.h"
#include "tests/kernels/dropout_run.h"

namespace lanet::test {

TEST_CASE("dropout: in double it is the definition, for any number of threads") {
  for (const auto& c : kDropoutCases) {
    CAPTURE(c.rows);
    for (const bool add : {false, true}) {
      const DropoutTensors in(c, DType::f64, add), exact = in;
      dropout_ref<double>(exact.dy, exact.backward().dx, exact.mask());
      for (const int threads : {1, 2, 3}) {
        Context context(Device::cpu, threads);
        const DropoutTensors t = in;
        dropout_backward(context, t.backward());
        CHECK(t.dx.guards_intact());
        CHECK(relative_error(t.dx, exact.dx) < rounding_bound(DType::f64, 1, 1));
      }
    }
  }
}

TEST_CASE("dropout: f32 and bf16 follow the double definition, set and added, twice alike") {
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64})
    check_dropout_cases(Device::cpu, dtype);
}

TEST_CASE("dropout: the gradient agrees with central differences, 1.01 of it does not") {
  for (const auto& c : kDropoutCases) {
    if (c.bench || c.rows == 1) continue;  // a single element may be dropped
    DropoutTensors in(c, DType::f64);
    const OwnedTensor dx = run_dropout(Device::cpu, in).dx;
    const auto loss = [&] { return dot(run_dropout(Device::cpu, in).y, in.dy); };
    CHECK(gradient_error(in.x, dx, loss) < 1e-6);
    CHECK(gradient_error(in.x, dx.scaled(1.01), loss) > 5e-3);
  }
}

TEST_CASE("dropout: the mask is that of the named stream, another by seed, step and layer") {
  check_dropout_stream(Device::cpu);
  check_dropout_keys(Device::cpu);
}

TEST_CASE("dropout: rates of 0 and next to 1, and NaN") {
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64})
    check_dropout_extremes(Device::cpu, dtype);
}

TEST_CASE("dropout: a rate, a step or a place that cannot be is named") {
  Context context;
  const OwnedTensor x({3, 2}, DType::f32), y({3, 2}, DType::f32), step({1}, DType::i32);
  const auto refused = [&](const DropoutMask& mask, const char* message) {
    CHECK_THROWS_WITH_AS(dropout(context, {.x = x, .y = y, .mask = mask}),
                         doctest::Contains(message), Error);
    CHECK_THROWS_WITH_AS(dropout_backward(context, {.dy = y, .dx = {x}, .mask = mask}),
                         doctest::Contains(message), Error);
  };
  refused({.rate = 1, .step = step}, "rate is 1; expected 0 to below 1");
  refused({.rate = -0.1, .step = step}, "rate is -0.1; expected 0 to below 1");
  refused({.rate = 0.1, .step = x}, "step is f32 [3, 2]; expected i32 [1]");
  refused({.rate = 0.1, .step = step, .first_element = -1}, "6 elements from element -1 on");
  refused({.rate = 0.1, .step = step, .first_element = (int64_t{1} << 34) - 5},
          "6 elements from element 17179869179 on, out of 17179869184");
  const OwnedTensor other({2, 3}, DType::f32);
  CHECK_THROWS_WITH_AS(dropout(context, {.x = x, .y = other, .mask = {.step = step}}),
                       doctest::Contains("y is f32 [2, 3]; expected f32 [3, 2]"), Error);
}

namespace {

/// Half the sum of squares of y, whose gradient is y.
class HalfSquares : public Node {
 public:
  HalfSquares(Graph& graph, Value* y) : Node("half_squares", "loss") {
    y_ = read(y, InBackward::no);
    loss_ = write_constant(graph, {1}, DType::f64);
    graph.keep(loss_);
  }
  bool is_loss() const override { return true; }
  void forward(Context&) override {
    double sum = 0;
    const Gradient dy = y_.gradient();
    for (int64_t i = 0; i < y_.shape().elements(); ++i) {
      const double y = y_.data().as<double>()[i];
      sum += y * y / 2;
      write_gradient(dy.tensor.as<double>()[i], y, dy.add);
    }
    *loss_->data.as<double>() = sum;
  }

 private:
  Input y_;
  Value* loss_;
};

/// The half squares of 60 numbers behind dropout, on a rank of some.
struct DropoutGraph {
  Context context;
  OwnedTensor x, dx, step;
  Graph graph;
  Value* y;
  Value* loss;

  explicit DropoutGraph(const OwnedTensor& values, const Shard& shard = {})
      : x(values),
        dx(values.shape(), DType::f64),
        step({1}, DType::i32),
        graph(Graph::Mode::training, shard) {
    Value* in = graph.external("x", x.shape(), DType::f64, true, [this](Value& value) {
      value.data = x;
      value.grad = dx;
    });
    Value* number =
        graph.external("step", {1}, DType::i32, false, [this](Value& value) { value.data = step; });
    y = graph.add<Dropout>("hidden.dropout", in, number, 0.3, 9)->output();
    loss = graph.add<HalfSquares>(y)->output();
    graph.keep(y);
    graph.plan(context);
  }
  OwnedTensor run(int number) {
    step.set(0, number);
    graph.forward(context);
    graph.backward(context);
    OwnedTensor result(x.shape(), DType::f64);
    result.fill([&](int64_t i) { return y->data.as<double>()[i]; });
    return result;
  }
};

}  // namespace

TEST_CASE("dropout: its node has another mask in each step, and the gradient goes the same way") {
  const auto x = OwnedTensor::random({12, 5}, DType::f64, 1);
  DropoutGraph whole(x);
  const OwnedTensor first = whole.run(1), second = whole.run(2);
  CHECK_FALSE(second.bits_equal(first));
  CHECK(whole.run(1).bits_equal(first));
  const OwnedTensor dx = whole.dx;
  CHECK(gradient_error(whole.x, dx, [&] {
          whole.run(1);
          return *whole.loss->data.as<double>();
        }) < 1e-6);
  // Two ranks drop what one process drops.
  for (const int rank : {0, 1}) {
    const RowRange rows{6 * rank, 6};
    CHECK(DropoutGraph(x.rows(rows), {rank, 2}).run(1).bits_equal(first.rows(rows)));
  }
}

TEST_CASE("dropout: there is no such node in inference") {
  Graph graph(Graph::Mode::inference);
  Value* x = graph.input("x", {2, 2}, DType::f32);
  Value* step = graph.input("step", {1}, DType::i32);
  CHECK_THROWS_WITH_AS(graph.add<Dropout>("hidden.dropout", x, step, 0.3, 9),
                       doctest::Contains("dropout hidden.dropout in an inference graph"), Error);
}

}  // namespace lanet::test
