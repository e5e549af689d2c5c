// The CUDA kernels against the definitions in double, from the same cases as the CPU's tests.
#include "kernels/adam_ref.h"
#include "kernels/l2_normalize.h"
#include "kernels/l2_normalize_cases.h"
#include "kernels/l2_normalize_ref.h"
#include "tests/adam_state.h"

namespace lanet::test {
namespace {

/// True, with the reason said, where no CUDA device can be used.
bool skip_without_device() {
  const std::string problem = device_problem(Device::cuda);
  if (!problem.empty()) MESSAGE("SKIPPED: device cuda: " << problem);
  return !problem.empty();
}

/// A host tensor's copy on the device, with guard bytes before and behind it.
class DeviceTensor {
 public:
  DeviceTensor(Context& context, const HostTensor& host)
      : context_(context),
        shape_(host.tensor().shape),
        dtype_(host.tensor().dtype),
        buffer_(context.allocate(image_bytes())) {
    std::vector<uint8_t> image(image_bytes(), kGuard);
    std::memcpy(image.data() + kGuardBytes, host.tensor().data, host.tensor().bytes());
    context_.copy(buffer_.tensor({image_bytes()}, DType::u8), host_view(image));
    context_.synchronize();
  }
  Tensor tensor() const { return buffer_.tensor(shape_, dtype_, kGuardBytes); }
  operator Tensor() const { return tensor(); }

  /// What the device holds now. Checks the guard bytes.
  HostTensor download() const {
    std::vector<uint8_t> image(image_bytes());
    context_.copy(host_view(image), buffer_.tensor({image_bytes()}, DType::u8));
    context_.synchronize();
    bool intact = true;
    for (int64_t i = 0; i < kGuardBytes; ++i)
      intact = intact && image[i] == kGuard && image[image.size() - 1 - i] == kGuard;
    CHECK(intact);
    HostTensor host(shape_, dtype_);
    std::memcpy(host.tensor().data, image.data() + kGuardBytes, host.tensor().bytes());
    return host;
  }

 private:
  static constexpr int64_t kGuardBytes = 64;
  static constexpr uint8_t kGuard = 0xA5;

  int64_t image_bytes() const {
    return shape_.elements() * static_cast<int64_t>(size_of(dtype_)) + 2 * kGuardBytes;
  }
  static Tensor host_view(std::vector<uint8_t>& image) {
    return {image.data(), {static_cast<int64_t>(image.size())}, DType::u8, Device::cpu};
  }

  Context& context_;
  Shape shape_;
  DType dtype_;
  Buffer buffer_;
};

struct NormalizeRun {
  HostTensor y, norm, dx;
};

NormalizeRun normalize_on_device(const HostTensor& x, const HostTensor& dy,
                                 const HostTensor* start) {
  Context context(Device::cuda);
  const Shape shape = x.tensor().shape;
  const DType dtype = x.tensor().dtype;
  const DeviceTensor device_x(context, x), device_dy(context, dy),
      y(context, HostTensor(shape, dtype)),
      norm(context, HostTensor({shape[0]}, accumulate_dtype(dtype))),
      dx(context, start ? start->copy() : HostTensor(shape, dtype));
  l2_normalize(context, {.x = device_x, .y = y, .norm = norm});
  l2_normalize_backward(context,
                        {.y = y, .norm = norm, .dy = device_dy, .dx = {dx, start != nullptr}});
  return {y.download(), norm.download(), dx.download()};
}

NormalizeRun normalize_exactly(const HostTensor& x, const HostTensor& dy, const HostTensor* start) {
  const Shape shape = x.tensor().shape;
  const HostTensor x64 = x.cast(DType::f64), dy64 = dy.cast(DType::f64);
  NormalizeRun run{HostTensor(shape, DType::f64), HostTensor({shape[0]}, DType::f64),
                   start ? start->cast(DType::f64) : HostTensor(shape, DType::f64)};
  l2_normalize_ref<double>({.x = x64, .y = run.y, .norm = run.norm});
  l2_normalize_backward_ref<double>(
      {.y = run.y, .norm = run.norm, .dy = dy64, .dx = {run.dx, start != nullptr}});
  return run;
}

}  // namespace

TEST_CASE("cuda: l2_normalize follows the double definition, set and added, twice the same") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    for (const auto& c : kL2NormalizeCases) {
      CAPTURE(to_string(dtype));
      CAPTURE(c.rows);
      CAPTURE(c.width);
      const auto x = HostTensor::random({c.rows, c.width}, dtype, 1);
      const auto dy = HostTensor::random({c.rows, c.width}, dtype, 2);
      const auto start = HostTensor::random({c.rows, c.width}, dtype, 3);
      const double bound = rounding_bound(dtype, c.width, 2);
      for (const HostTensor* s : {static_cast<const HostTensor*>(nullptr), &start}) {
        const NormalizeRun fast = normalize_on_device(x, dy, s),
                           exact = normalize_exactly(x, dy, s);
        CHECK(relative_error(fast.y, exact.y) < bound);
        CHECK(relative_error(fast.norm, exact.norm) <
              rounding_bound(accumulate_dtype(dtype), c.width, 2));
        if (c.width > 1) CHECK(relative_error(fast.dx, exact.dx) < 2 * bound);
        const NormalizeRun again = normalize_on_device(x, dy, s);
        CHECK(again.y.bits_equal(fast.y));
        CHECK(again.dx.bits_equal(fast.dx));
      }
    }
  }
}

TEST_CASE("cuda: adam follows the double definition over three steps, twice the same") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::f64}) {
    for (const auto& c : kAdamCases) {
      if (c.bench) continue;
      CAPTURE(to_string(dtype));
      CAPTURE(c.parameters);
      auto three_steps = [&] {
        Context context(Device::cuda);
        const AdamState host = adam_state(c, dtype);
        const DeviceTensor master(context, host.master), gradient(context, host.gradient),
            first(context, host.first_moment), second(context, host.second_moment),
            copy(context, host.momentum_copy), shadow(context, host.shadow),
            copy_shadow(context, host.momentum_shadow);
        const bool follows = c.followed > 0;
        for (int t = 1; t <= 3; ++t) {
          AdamState values = adam_state({1, 0}, dtype);
          values.set_step(t, 1e-2 / t);
          const DeviceTensor step_values(context, values.step_values);
          adam(context, {.master = master,
                         .gradient = gradient,
                         .first_moment = first,
                         .second_moment = second,
                         .momentum_copy = follows ? copy.tensor() : Tensor{},
                         .shadow = shadow,
                         .momentum_shadow = follows ? copy_shadow.tensor() : Tensor{},
                         .step_values = step_values});
          context.synchronize();
        }
        return AdamState{master.download(),      gradient.download(),    first.download(),
                         second.download(),      copy.download(),        shadow.download(),
                         copy_shadow.download(), host.step_values.copy()};
      };
      const AdamState fast = three_steps(), again = three_steps();
      AdamState exact = adam_state(c, dtype).cast(DType::f64);
      for (int t = 1; t <= 3; ++t) {
        exact.set_step(t, 1e-2 / t);
        adam_ref<double>(exact.args());
      }
      const double bound = rounding_bound(dtype, 3, 1);
      CHECK(relative_error(fast.first_moment, exact.first_moment) < bound);
      CHECK(relative_error(fast.second_moment, exact.second_moment) < bound);
      CHECK(relative_error(fast.master, exact.master) < bound);
      CHECK(relative_error(fast.momentum_copy, exact.momentum_copy) < bound);
      CHECK(fast.shadow.bits_equal(fast.master.cast(DType::bf16)));
      CHECK(fast.momentum_shadow.bits_equal(fast.momentum_copy.cast(DType::bf16)));
      CHECK(fast.gradient.bits_equal(adam_state(c, dtype).gradient));
      CHECK(again.master.bits_equal(fast.master));
      CHECK(again.momentum_copy.bits_equal(fast.momentum_copy));
    }
  }
}

}  // namespace lanet::test
