// The CUDA kernels of the pools against the definition in double, from the CPU tests' cases.
#include <deque>

#include "kernels/pool.h"
#include "kernels/pool_cases.h"
#include "tests/device_test.h"

namespace lanet::test {
namespace {

constexpr DType kDTypes[] = {DType::f32, DType::bf16, DType::f64};

Shape image(const PoolCase& c) {
  return {c.batch, c.height, c.width, c.channels};
}
Shape pooled(const PoolCase& c) {
  return {c.batch, max_pool_size(c.height), max_pool_size(c.width), c.channels};
}
OwnedTensor start_or_empty(const OwnedTensor* start, const Shape& shape, DType dtype) {
  return start ? start->cast(dtype) : OwnedTensor(shape, dtype);
}

struct MaxRun {
  OwnedTensor y, argmax, dx;
};
/// shift: of x, y, dy and dx, in elements.
MaxRun max_run(Device device, const OwnedTensor& x, const OwnedTensor& dy,
               const OwnedTensor* start = nullptr, int64_t shift = 0) {
  const Shape in = x.shape(), out = dy.shape();
  const DType dtype = x.dtype();
  Context context(device);
  const OwnedTensor its_x(context, x, shift), y(context, OwnedTensor(out, dtype), shift),
      argmax(context, OwnedTensor(out, DType::u8)), its_dy(context, dy, shift),
      dx(context, start_or_empty(start, in, dtype), shift);
  max_pool(context, {.x = its_x, .y = y, .argmax = argmax});
  max_pool_backward(context, {.dy = its_dy, .argmax = argmax, .dx = {dx, start != nullptr}});
  return {y.download(), argmax.download(), dx.download()};
}

struct MeanRun {
  OwnedTensor y, dx;
};
MeanRun mean_run(Device device, const OwnedTensor& x, const OwnedTensor& dy,
                 const OwnedTensor* start = nullptr, int64_t shift = 0) {
  const DType dtype = x.dtype();
  Context context(device);
  const OwnedTensor its_x(context, x, shift),
      y(context, OwnedTensor(dy.shape(), accumulate_dtype(dtype))), its_dy(context, dy),
      dx(context, start_or_empty(start, x.shape(), dtype), shift);
  global_average_pool(context, {.x = its_x, .y = y});
  global_average_pool_backward(context, {.dy = its_dy, .dx = {dx, start != nullptr}});
  return {y.download(), dx.download()};
}

}  // namespace

TEST_CASE("cuda: max_pool follows the double definition, set and added, twice the same") {
  if (skip_without_device()) return;
  for (const DType dtype : kDTypes) {
    for (const auto& c : kPoolCases) {
      if (c.bench) continue;
      CAPTURE(to_string(dtype));
      CAPTURE(c.height);
      CAPTURE(c.channels);
      auto x = OwnedTensor::random(image(c), dtype, 1);
      // Coarse values: equal maxima are common, and the first must win.
      x.fill([copy = x](int64_t i) { return std::round(4 * copy.at(i)) / 4; });
      const auto dy = OwnedTensor::random(pooled(c), dtype, 2),
                 start = OwnedTensor::random(image(c), dtype, 3);
      const auto x64 = x.cast(DType::f64), dy64 = dy.cast(DType::f64);
      const MaxRun fast = max_run(Device::cuda, x, dy), exact = max_run(Device::cpu, x64, dy64);
      CHECK(relative_error(fast.y, exact.y) == 0.0);
      CHECK(fast.argmax.bits_equal(exact.argmax));
      CHECK(relative_error(fast.dx, exact.dx) < rounding_bound(dtype, 4, 1));
      const MaxRun added = max_run(Device::cuda, x, dy, &start, 1),
                   added_exact = max_run(Device::cpu, x64, dy64, &start);
      CHECK(relative_error(added.dx, added_exact.dx) < rounding_bound(dtype, 5, 1));
      const MaxRun again = max_run(Device::cuda, x, dy, nullptr, 1);
      CHECK(again.y.bits_equal(fast.y));
      CHECK(again.argmax.bits_equal(fast.argmax));
      CHECK(again.dx.bits_equal(fast.dx));
    }
  }
}

TEST_CASE("cuda: max_pool takes the first of equal values inside the image; argmax may be absent") {
  if (skip_without_device()) return;
  for (const DType dtype : kDTypes) {
    OwnedTensor x({1, 4, 4, 1}, dtype), dy({1, 2, 2, 1}, dtype);
    x.fill([](int64_t) { return -3.0; });
    dy.fill([](int64_t i) { return 1.0 + i; });
    const MaxRun r = max_run(Device::cuda, x, dy);
    const double first[] = {4, 3, 1, 0};  // the window's left column or top row is outside
    for (int64_t i = 0; i < 4; ++i) {
      CHECK(r.argmax.at(i) == first[i]);
      CHECK(r.y.at(i) == -3.0);
    }
    CHECK(r.dx.at(0) == 1.0);
    CHECK(r.dx.at(1) == 2.0);
    CHECK(r.dx.at(4) == 3.0);
    CHECK(r.dx.at(5) == 4.0);
    Context context(Device::cuda);
    const OwnedTensor its_x(context, x), y(context, OwnedTensor({1, 2, 2, 1}, dtype));
    max_pool(context, {.x = its_x, .y = y});
    CHECK(y.download().bits_equal(r.y));
  }
}

TEST_CASE("cuda: global_average_pool follows the double definition, set and added") {
  if (skip_without_device()) return;
  for (const DType dtype : kDTypes) {
    const DType wide = accumulate_dtype(dtype);
    for (const auto& c : kPoolCases) {
      if (c.bench) continue;
      CAPTURE(to_string(dtype));
      CAPTURE(c.height);
      CAPTURE(c.channels);
      const auto x = OwnedTensor::random(image(c), dtype, 1),
                 start = OwnedTensor::random(image(c), dtype, 3);
      const auto dy = OwnedTensor::random({c.batch, c.channels}, wide, 2);
      const auto x64 = x.cast(DType::f64), dy64 = dy.cast(DType::f64);
      const MeanRun fast = mean_run(Device::cuda, x, dy), exact = mean_run(Device::cpu, x64, dy64);
      CHECK(relative_error(fast.y, exact.y) < rounding_bound(wide, c.height * c.width, 1));
      CHECK(relative_error(fast.dx, exact.dx) < rounding_bound(dtype, 1, 1));
      const MeanRun added = mean_run(Device::cuda, x, dy, &start, 1),
                    added_exact = mean_run(Device::cpu, x64, dy64, &start);
      CHECK(relative_error(added.y, exact.y) < rounding_bound(wide, c.height * c.width, 1));
      CHECK(relative_error(added.dx, added_exact.dx) < rounding_bound(dtype, 1, 1));
      const MeanRun again = mean_run(Device::cuda, x, dy);
      CHECK(again.y.bits_equal(fast.y));
      CHECK(again.dx.bits_equal(fast.dx));
    }
  }
}

TEST_CASE("cuda: global_average_pool of several images, some set and some added") {
  if (skip_without_device()) return;
  Context context(Device::cuda);
  for (const DType dtype : kDTypes) {
    const DType wide = accumulate_dtype(dtype);
    for (const auto& group : kPoolGroups) {
      std::deque<OwnedTensor> hosts;
      std::deque<OwnedTensor> means, gradients;
      std::vector<GlobalAveragePoolArgs> forward;
      std::vector<GlobalAveragePoolBackwardArgs> backward;
      std::deque<OwnedTensor> operands;
      for (const auto& c : group) {
        const bool add = hosts.size() % 6 != 0;
        const Shape mean{c.batch, c.channels};
        const OwnedTensor& x = hosts.emplace_back(OwnedTensor::random(image(c), dtype, 1));
        const OwnedTensor& dy = hosts.emplace_back(OwnedTensor::random(mean, wide, 2));
        const OwnedTensor& start = hosts.emplace_back(OwnedTensor::random(image(c), dtype, 3));
        means.emplace_back(context, OwnedTensor(mean, wide));
        gradients.emplace_back(context, start_or_empty(add ? &start : nullptr, image(c), dtype));
        forward.push_back({operands.emplace_back(context, x), means.back()});
        backward.push_back({operands.emplace_back(context, dy), {gradients.back(), add}});
      }
      global_average_pool(context, forward);
      global_average_pool_backward(context, backward);
      for (size_t i = 0; i < means.size(); ++i) {
        CAPTURE(to_string(dtype));
        CAPTURE(i);
        const OwnedTensor x = hosts[3 * i].cast(DType::f64), dy = hosts[3 * i + 1].cast(DType::f64);
        const bool add = backward[i].dx.add;
        const MeanRun exact = mean_run(Device::cpu, x, dy, add ? &hosts[3 * i + 2] : nullptr);
        CHECK(relative_error(means[i].download(), exact.y) <
              rounding_bound(wide, group[i].height * group[i].width, 1));
        CHECK(relative_error(gradients[i].download(), exact.dx) < rounding_bound(dtype, 1, 1));
      }
    }
  }
}

}  // namespace lanet::test
