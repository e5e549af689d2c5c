#include "kernels/pool.h"

#include <deque>

#include "kernels/pool_cases.h"
#include "tests/op_test.h"

namespace lanet::test {
namespace {

Shape image(const PoolCase& c) {
  return {c.batch, c.height, c.width, c.channels};
}
Shape pooled(const PoolCase& c) {
  return {c.batch, max_pool_size(c.height), max_pool_size(c.width), c.channels};
}

struct MaxRun {
  OwnedTensor y, argmax, dx;
};
MaxRun max_run(const OwnedTensor& x, const OwnedTensor& dy, const OwnedTensor* start = nullptr) {
  Context context;
  const Shape in = x.shape(), out = dy.shape();
  const DType dtype = x.dtype();
  MaxRun r{OwnedTensor(out, dtype), OwnedTensor(out, DType::u8),
           start ? start->cast(dtype) : OwnedTensor(in, dtype)};
  max_pool(context, {.x = x, .y = r.y, .argmax = r.argmax});
  max_pool_backward(context, {.dy = dy, .argmax = r.argmax, .dx = {r.dx, start != nullptr}});
  CHECK(r.y.guards_intact());
  CHECK(r.argmax.guards_intact());
  CHECK(r.dx.guards_intact());
  return r;
}

struct MeanRun {
  OwnedTensor y, dx;
};
MeanRun mean_run(const OwnedTensor& x, const OwnedTensor& dy, const OwnedTensor* start = nullptr) {
  Context context;
  const DType dtype = x.dtype();
  MeanRun r{OwnedTensor(dy.shape(), accumulate_dtype(dtype)),
            start ? start->cast(dtype) : OwnedTensor(x.shape(), dtype)};
  global_average_pool(context, {.x = x, .y = r.y});
  global_average_pool_backward(context, {.dy = dy, .dx = {r.dx, start != nullptr}});
  CHECK(r.y.guards_intact());
  CHECK(r.dx.guards_intact());
  return r;
}

}  // namespace

TEST_CASE("pool: gradients agree with central differences, and 1.01 of them do not") {
  for (const auto& c : kPoolCases) {
    if (c.batch * c.height * c.width * c.channels > 1000) continue;
    CAPTURE(c.height);
    CAPTURE(c.width);
    auto x = OwnedTensor::random(image(c), DType::f64, 1);
    auto check = [&](OwnedTensor dx, const std::function<double()>& loss) {
      CHECK(gradient_error(x, dx, loss) < 1e-8);
      dx = dx.scaled(1.01);
      CHECK(gradient_error(x, dx, loss) > 5e-3);
    };
    const auto dy = OwnedTensor::random(pooled(c), DType::f64, 2);
    check(max_run(x, dy).dx, [&] { return dot(max_run(x, dy).y, dy); });
    const auto dmean = OwnedTensor::random({c.batch, c.channels}, DType::f64, 3);
    check(mean_run(x, dmean).dx, [&] { return dot(mean_run(x, dmean).y, dmean); });
  }
}

TEST_CASE("max_pool: f32 and bf16 follow the double definition, set and added, twice the same") {
  for (const DType dtype : {DType::f32, DType::bf16}) {
    for (const auto& c : kPoolCases) {
      if (c.bench) continue;
      CAPTURE(dtype);
      CAPTURE(c.height);
      CAPTURE(c.channels);
      auto x = OwnedTensor::random(image(c), dtype, 1);
      // Coarse values: equal maxima are common, and the first must win.
      x.fill([copy = x](int64_t i) { return std::round(4 * copy.at(i)) / 4; });
      const auto dy = OwnedTensor::random(pooled(c), dtype, 2),
                 start = OwnedTensor::random(image(c), dtype, 3);
      const MaxRun fast = max_run(x, dy), exact = max_run(x.cast(DType::f64), dy.cast(DType::f64));
      CHECK(relative_error(fast.y, exact.y) == 0.0);
      CHECK(fast.argmax.bits_equal(exact.argmax));
      CHECK(relative_error(fast.dx, exact.dx) < rounding_bound(dtype, 4, 1));
      const MaxRun added = max_run(x, dy, &start),
                   added_exact = max_run(x.cast(DType::f64), dy.cast(DType::f64), &start);
      CHECK(relative_error(added.dx, added_exact.dx) < rounding_bound(dtype, 5, 1));
      CHECK(max_run(x, dy).dx.bits_equal(fast.dx));
    }
  }
}

TEST_CASE("max_pool: of equal values the first inside the image wins; argmax may be absent") {
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    OwnedTensor x({1, 4, 4, 1}, dtype), dy({1, 2, 2, 1}, dtype);
    x.fill([](int64_t) { return -3.0; });
    dy.fill([](int64_t i) { return 1.0 + i; });
    const MaxRun r = max_run(x, dy);
    const double first[] = {4, 3, 1, 0};  // the window's left column or top row is outside
    for (int64_t i = 0; i < 4; ++i) {
      CHECK(r.argmax.at(i) == first[i]);
      CHECK(r.y.at(i) == -3.0);
    }
    CHECK(r.dx.at(0) == 1.0);
    CHECK(r.dx.at(1) == 2.0);
    CHECK(r.dx.at(4) == 3.0);
    CHECK(r.dx.at(5) == 4.0);
    OwnedTensor y({1, 2, 2, 1}, dtype);
    Context context;
    max_pool(context, {.x = x, .y = y});
    CHECK(y.bits_equal(r.y));
  }
}

TEST_CASE("global_average_pool: f32 and bf16 follow the double definition, set and added") {
  for (const DType dtype : {DType::f32, DType::bf16}) {
    for (const auto& c : kPoolCases) {
      if (c.bench) continue;
      const auto x = OwnedTensor::random(image(c), dtype, 1),
                 start = OwnedTensor::random(image(c), dtype, 3);
      const auto dy = OwnedTensor::random({c.batch, c.channels}, DType::f32, 2);
      const auto x64 = x.cast(DType::f64), dy64 = dy.cast(DType::f64);
      const MeanRun fast = mean_run(x, dy), exact = mean_run(x64, dy64);
      CHECK(relative_error(fast.y, exact.y) < rounding_bound(DType::f32, c.height * c.width, 1));
      CHECK(relative_error(fast.dx, exact.dx) < rounding_bound(dtype, 1, 1));
      const MeanRun added = mean_run(x, dy, &start), added_exact = mean_run(x64, dy64, &start);
      CHECK(relative_error(added.dx, added_exact.dx) < rounding_bound(dtype, 1, 1));
      CHECK(mean_run(x, dy).y.bits_equal(fast.y));
    }
  }
}

TEST_CASE("global_average_pool: several images are as one by one") {
  Context context;
  for (const auto& group : kPoolGroups) {
    std::deque<OwnedTensor> tensors;
    std::vector<GlobalAveragePoolArgs> forward;
    std::vector<GlobalAveragePoolBackwardArgs> backward;
    for (const auto& c : group) {
      const OwnedTensor& x = tensors.emplace_back(OwnedTensor::random(image(c), DType::bf16, 1));
      const Shape mean{c.batch, c.channels};
      const OwnedTensor& dy = tensors.emplace_back(OwnedTensor::random(mean, DType::f32, 2));
      forward.push_back({x, tensors.emplace_back(mean, DType::f32)});
      backward.push_back({dy, {tensors.emplace_back(x)}});
    }
    global_average_pool(context, forward);
    global_average_pool_backward(context, backward);
    for (size_t i = 0; i < tensors.size(); i += 4) {
      const MeanRun alone = mean_run(tensors[i], tensors[i + 1]);
      CHECK(tensors[i + 2].bits_equal(alone.y));
      CHECK(tensors[i + 3].bits_equal(alone.dx));
    }
  }
}

TEST_CASE("global_average_pool: images of two batches are refused together") {
  Context context;
  const OwnedTensor x({1, 2, 2, 3}, DType::f32), y({1, 3}, DType::f32);
  const OwnedTensor others_x({2, 2, 2, 3}, DType::f32), others_y({2, 3}, DType::f32);
  const GlobalAveragePoolArgs images[] = {{x, y}, {others_x, others_y}};
  CHECK_THROWS_WITH_AS(global_average_pool(context, images),
                       doctest::Contains("x is f32 [2, 2, 2, 3] beside f32 [1, 2, 2, 3]"), Error);
}

TEST_CASE("pool: a wrong shape is named") {
  Context context;
  OwnedTensor x({1, 5, 5, 2}, DType::f32), y({1, 2, 3, 2}, DType::f32);
  CHECK_THROWS_WITH_AS(max_pool(context, {.x = x, .y = y}),
                       doctest::Contains("y is f32 [1, 2, 3, 2]; expected f32 [1, 3, 3, 2]"),
                       Error);
}

}  // namespace lanet::test
