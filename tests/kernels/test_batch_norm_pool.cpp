#include "core/operation.h"
#include "tests/kernels/batch_norm_pool_run.h"

namespace lanet::test {
namespace {

constexpr DType kDTypes[] = {DType::f32, DType::bf16, DType::f64};

}  // namespace

TEST_CASE("batch_norm_max_pool: gradients agree with central differences, 1.01 of them do not") {
  for (const auto& c : kBatchNormPoolCases) {
    if (c.batch * c.height * c.width * c.channels > 1000 || c.height == 1) continue;
    CAPTURE(c.height);
    CAPTURE(c.width);
    StemTensors in(c, DType::f64);
    const StemTensors r = stem_run(Device::cpu, in);
    const auto loss = [&] { return dot(stem_run(Device::cpu, in).y, in.dy); };
    const auto check = [&](OwnedTensor& x, const OwnedTensor& gradient) {
      CHECK(gradient_error(x, gradient, loss) < 1e-6);
      CHECK(gradient_error(x, gradient.scaled(1.01), loss) > 5e-3);
    };
    check(in.x, r.dx);
    check(in.weight, r.dweight);
    check(in.bias, r.dbias);
  }
}

TEST_CASE("batch_norm_max_pool: forward has the bits of batch_norm_apply and max_pool") {
  for (const DType dtype : kDTypes) {
    for (const auto& c : kBatchNormPoolCases)
      if (!c.bench) check_equal_to_unfused(Device::cpu, c, dtype);
  }
}

TEST_CASE("batch_norm_max_pool: f32 and bf16 follow the double definition, set and added") {
  for (const DType dtype : {DType::f32, DType::bf16}) {
    for (const auto& c : kBatchNormPoolCases) {
      if (c.bench || c.height == 1) continue;
      check_by_definition(Device::cpu, {c, dtype});
      check_by_definition(Device::cpu, {c, dtype, /*to_first=*/true});
      check_by_definition(Device::cpu, {c, dtype, /*to_first=*/false, /*to_second=*/true});
    }
  }
}

TEST_CASE("batch_norm_max_pool: the number of threads changes no bit") {
  const int threads = Context().threads();
  for (const DType dtype : kDTypes) {
    for (const auto& c : kBatchNormPoolCases) {
      if (c.bench) continue;
      const StemTensors in(c, dtype);
      CHECK(bits_equal(stem_run(Device::cpu, in, 0, 1), stem_run(Device::cpu, in, 0, 3)));
    }
  }
  Context restored(Device::cpu, threads);
}

TEST_CASE("batch_norm_max_pool: the first of equal values wins, and y = 0 is cut off") {
  for (const DType dtype : kDTypes) {
    check_ties_and_cut_off(Device::cpu, dtype);
    check_cut_off_gradients(Device::cpu, dtype);
  }
}

TEST_CASE("batch_norm_max_pool: NaN goes where max_pool lets it go") {
  for (const DType dtype : kDTypes) check_nan(Device::cpu, dtype);
}

TEST_CASE("batch_norm_max_pool: one pixel has no gradient by x") {
  for (const DType dtype : {DType::f32, DType::f64}) {
    const StemTensors r = stem_run(Device::cpu, {{1, 1, 1, 3}, dtype});
    for (int64_t i = 0; i < 3; ++i) CHECK(r.dx.at(i) == 0.0);
  }
}

TEST_CASE("batch_norm_max_pool: argmax, dweight and dbias may be absent") {
  for (const DType dtype : kDTypes) check_absent_outputs(Device::cpu, dtype);
}

TEST_CASE("batch_norm_max_pool: a wrong shape is named") {
  Context context;
  const OwnedTensor x({1, 5, 5, 2}, DType::f32), vector({2}, DType::f32),
      y({1, 2, 3, 2}, DType::f32);
  CHECK_THROWS_WITH_AS(
      batch_norm_max_pool(
          context,
          {.x = x, .mean = vector, .inv_std = vector, .weight = vector, .bias = vector, .y = y}),
      doctest::Contains("y is f32 [1, 2, 3, 2]; expected f32 [1, 3, 3, 2]"), Error);
}

TEST_CASE("batch_norm_max_pool: the cost is a pass over x, and what is of a quarter of its size") {
  struct Sum : OperationObserver {
    void enter(const std::string&, const char*, const char*) override {}
    void begin(const char*, const Cost& cost) override {
      bytes.push_back(cost.bytes);
      launches += cost.launches;
    }
    void end() override {}
    std::vector<double> bytes;
    int launches = 0;
  } sum;
  Context context(Context::CountOnly{}, Device::cuda);
  context.set_observer(&sum);
  Buffer memory = context.allocate(1 << 20);
  const Tensor x = memory.tensor({2, 8, 8, 16}, DType::bf16),
               y = memory.tensor({2, 4, 4, 16}, DType::bf16),
               argmax = memory.tensor({2, 4, 4, 16}, DType::u8),
               vector = memory.tensor({16}, DType::f32);
  BatchNormMaxPoolArgs forward{
      .x = x, .mean = vector, .inv_std = vector, .weight = vector, .bias = vector, .y = y};
  batch_norm_max_pool(context, forward);
  forward.argmax = argmax;
  batch_norm_max_pool(context, forward);
  batch_norm_max_pool_backward_reduce(context, {.x = x,
                                                .mean = vector,
                                                .inv_std = vector,
                                                .dy = y,
                                                .argmax = argmax,
                                                .sum_dy = vector,
                                                .sum_dy_xhat = vector});
  BatchNormMaxPoolBackwardApplyArgs apply{.x = x,
                                          .mean = vector,
                                          .inv_std = vector,
                                          .weight = vector,
                                          .dy = y,
                                          .argmax = argmax,
                                          .sum_dy = vector,
                                          .sum_dy_xhat = vector,
                                          .dx = {x, false}};
  batch_norm_max_pool_backward_apply(context, apply);
  apply.dx.add = true;
  batch_norm_max_pool_backward_apply(context, apply);
  const double picture = 2 * 8 * 8 * 16 * 2, pooled = picture / 4, positions = pooled / 2;
  CHECK(sum.bytes == std::vector<double>{picture + pooled, picture + pooled + positions,
                                         picture + pooled + positions,
                                         2 * picture + pooled + positions,
                                         3 * picture + pooled + positions});
  CHECK(sum.launches == 6);
}

}  // namespace lanet::test
