#include "core/operation.h"

#include <vector>

#include "kernels/add.h"
#include "kernels/conv2d/conv2d.h"
#include "kernels/linear.h"
#include "tests/op_test.h"

namespace lanet::test {
namespace {

struct Recorded : OperationObserver {
  void enter(const std::string& owner, const char*, const char* pass) override {
    owners.push_back(owner + " " + pass);
  }
  void begin(const char* operation, const Cost& cost) override {
    names.push_back(operation);
    costs.push_back(cost);
    ++running;
  }
  void end() override { --running; }

  std::vector<std::string> owners, names;
  std::vector<Cost> costs;
  int running = 0;
};

}  // namespace

TEST_CASE("operation: a context that only counts stands for a device that is not there") {
  Context context(Context::CountOnly{}, Device::cuda);
  Recorded recorded;
  context.set_observer(&recorded);
  Buffer memory = context.allocate(size_t{1} << 40);  // more than any machine has
  const Tensor a = memory.tensor({1000}, DType::f32), b = memory.tensor({1000}, DType::f32, 4096),
               y = memory.tensor({1000}, DType::f32, 8192);
  context.copy(y, a);
  context.fill_zero(y);
  add(context, {.a = a, .b = b, .y = y});
  CHECK(recorded.names == std::vector<std::string>{"add"});
  CHECK(recorded.costs[0].bytes == 12000);
  CHECK(recorded.costs[0].flops == 1000);
  CHECK(context.memory().current_bytes == size_t{1} << 40);
}

TEST_CASE("operation: arguments are checked where it only counts, too") {
  Context context(Context::CountOnly{}, Device::cpu);
  Buffer memory = context.allocate(4096);
  const Tensor a = memory.tensor({4}, DType::f32), b = memory.tensor({5}, DType::f32, 256);
  CHECK_THROWS_AS(add(context, {.a = a, .b = b, .y = a}), Error);
}

TEST_CASE("operation: a gradient that is added to is read as well") {
  Context context(Context::CountOnly{}, Device::cuda);
  Recorded recorded;
  context.set_observer(&recorded);
  Buffer memory = context.allocate(4096);
  const Tensor dy = memory.tensor({8}, DType::f32), da = memory.tensor({8}, DType::f32, 256);
  add_backward(context, {.dy = dy, .da = {da, false}});
  add_backward(context, {.dy = dy, .da = {da, true}});
  CHECK(recorded.costs[0].bytes == 64);
  CHECK(recorded.costs[1].bytes == 96);
}

TEST_CASE("operation: one inside another is part of the outer one's cost") {
  Context context;
  Recorded recorded;
  context.set_observer(&recorded);
  const auto x = OwnedTensor::random({2, 3}, DType::f32, 1),
             weight = OwnedTensor::random({4, 3}, DType::f32, 2);
  const OwnedTensor y({2, 4}, DType::f32);
  linear(context, {.x = x, .weight = weight, .y = y, .relu = true});
  CHECK(recorded.names == std::vector<std::string>{"linear"});
  CHECK(recorded.costs[0].launches == 2);
  CHECK(recorded.running == 0);
}

TEST_CASE("operation: a bf16 weight's gradient is one pass on CUDA, and reordered on the CPU") {
  const Conv2dShape shape{.batch = 2,
                          .height = 8,
                          .width = 8,
                          .in_channels = 8,
                          .out_channels = 8,
                          .kernel = 3,
                          .stride = 1,
                          .padding = 1,
                          .dtype = DType::bf16};
  for (const Device device : {Device::cpu, Device::cuda}) {
    Context context(Context::CountOnly{}, device);
    Recorded recorded;
    context.set_observer(&recorded);
    Buffer memory = context.allocate(1 << 20);
    Conv2dPlan plan(context, shape, true, true);
    const Tensor x = memory.tensor(shape.x(), DType::bf16),
                 dweight = memory.tensor(shape.weight(), weight_gradient_dtype(device, DType::bf16),
                                         1 << 16);
    conv2d_backward_weight(context, plan, {.x = x, .dy = x, .dweight = {dweight}});
    CHECK(recorded.costs[0].flops == 2 * shape.macs());
    CHECK(recorded.costs[0].launches == (device == Device::cuda ? 1 : 2));
    const double image = 2.0 * 8 * 8 * 8 * 2, weight = 8.0 * 9 * 8;
    CHECK(recorded.costs[0].bytes == 2 * image + weight * (device == Device::cuda ? 2 : 4 + 2 * 4));
  }
}

}  // namespace lanet::test
