// The stem's batch norm, ReLU and maximum pool on a device: in one pass, and as the operations that
// it stands for. For test_batch_norm_pool and test_cuda_batch_norm_pool.
#pragma once

#include "kernels/batch_norm/batch_norm.h"
#include "kernels/batch_norm/batch_norm_pool_cases.h"
#include "tests/device_test.h"

namespace lanet::test {

using StemTensors = BatchNormPoolTensors;

/// With few different x, and in every third channel values so near each other that rounding to bf16
/// makes them equal: equal maxima are common.
inline StemTensors coarse_stem(const BatchNormPoolCase& c, DType dtype) {
  StemTensors in(c, dtype);
  in.x.fill([copy = in.x](int64_t i) { return std::round(4 * copy.at(i)) / 4; });
  for (int64_t i = 2; i < c.channels; i += 3) {
    in.weight.set(i, in.weight.at(i) / 32);
    in.bias.set(i, in.bias.at(i) + 2);
  }
  return in;
}

/// `shift`: of the pictures, in elements.
inline StemTensors stem_run(Device device, StemTensors t, int64_t shift = 0, int threads = 0) {
  Context context(device, threads);
  context.reserve_workspace(std::max(batch_norm_workspace_bytes(t.x.shape()),
                                     batch_norm_max_pool_workspace_bytes(t.x.shape())));
  upload_shifted(context, t, {&t.x, &t.dy, &t.y, &t.dx}, shift);
  context.freeze();
  batch_norm_statistics(context, {.x = t.x, .mean = t.mean, .inv_std = t.inv_std});
  batch_norm_max_pool(context, t.forward());
  batch_norm_max_pool_backward_reduce(context, t.reduce());
  batch_norm_max_pool_backward_apply(context, t.backward_apply());
  return download_all(std::move(t));
}
inline bool bits_equal(StemTensors a, StemTensors b) {
  bool equal = true;
  for (size_t i = 0; i < a.all().size(); ++i)
    equal = equal && (!a.all()[i]->tensor() || a.all()[i]->bits_equal(*b.all()[i]));
  return equal;
}

/// The same by the operations that write the normalised picture z and its gradient. argmax is as
/// batch_norm_max_pool has it.
inline StemTensors unfused_stem_run(Device device, const StemTensors& in) {
  Context context(device);
  context.reserve_workspace(batch_norm_workspace_bytes(in.x.shape()));
  StemTensors t = upload_all(context, in);
  const OwnedTensor image(in.x.shape(), in.x.dtype()), z(context, image), dz(context, image);
  batch_norm_statistics(context, {.x = t.x, .mean = t.mean, .inv_std = t.inv_std});
  batch_norm_apply(context, {.x = t.x,
                             .mean = t.mean,
                             .inv_std = t.inv_std,
                             .weight = t.weight,
                             .bias = t.bias,
                             .y = z,
                             .relu = true});
  max_pool(context, {.x = z, .y = t.y, .argmax = t.argmax});
  max_pool_backward(context, {.dy = t.dy, .argmax = t.argmax, .dx = {dz}});
  batch_norm_backward_reduce(context, {.x = t.x,
                                       .mean = t.mean,
                                       .inv_std = t.inv_std,
                                       .dy = dz,
                                       .y = z,
                                       .relu = true,
                                       .sum_dy = t.sum_dy,
                                       .sum_dy_xhat = t.sum_dy_xhat,
                                       .dweight = {t.dweight},
                                       .dbias = {t.dbias}});
  batch_norm_backward_apply(context, {.x = t.x,
                                      .mean = t.mean,
                                      .inv_std = t.inv_std,
                                      .weight = t.weight,
                                      .dy = dz,
                                      .y = z,
                                      .relu = true,
                                      .sum_dy = t.sum_dy,
                                      .sum_dy_xhat = t.sum_dy_xhat,
                                      .dx = {t.dx}});
  t = download_all(std::move(t));
  t.argmax.fill([&, pool_argmax = t.argmax](int64_t i) {
    return t.y.at(i) > 0 ? pool_argmax.at(i) : kMaxPoolCutOff;
  });
  return t;
}

/// Forward alone, of a picture that is normalised already: z = relu(x).
struct StemForward {
  OwnedTensor y, argmax;
};
inline StemForward stem_forward(Device device, const OwnedTensor& x, bool fused) {
  const Shape& shape = x.shape();
  const Shape pooled{shape[0], max_pool_size(shape[1]), max_pool_size(shape[2]), shape[3]};
  const DType dtype = x.dtype();
  Context context(device);
  const auto constant = [&](double value) {
    return OwnedTensor(context, {shape[3]}, accumulate_dtype(dtype),
                       [=](int64_t) { return value; });
  };
  const OwnedTensor its_x(context, x), z(context, shape, dtype),
      zero = constant(0), one = constant(1), y(context, pooled, dtype),
      argmax(context, pooled, DType::u8);
  if (fused) {
    batch_norm_max_pool(context, {.x = its_x,
                                  .mean = zero,
                                  .inv_std = one,
                                  .weight = one,
                                  .bias = zero,
                                  .y = y,
                                  .argmax = argmax});
  } else {
    batch_norm_apply(context, {.x = its_x,
                               .mean = zero,
                               .inv_std = one,
                               .weight = one,
                               .bias = zero,
                               .y = z,
                               .relu = true});
    max_pool(context, {.x = z, .y = y, .argmax = argmax});
  }
  return {y.download(), argmax.download()};
}

inline void check_equal_to_unfused(Device device, const BatchNormPoolCase& c, DType dtype) {
  CAPTURE(to_string(dtype));
  CAPTURE(c.height);
  CAPTURE(c.width);
  CAPTURE(c.channels);
  const StemTensors in = coarse_stem(c, dtype);
  const StemTensors fused = stem_run(device, in), unfused = unfused_stem_run(device, in);
  const int64_t rows = c.batch * c.height * c.width;
  CHECK(fused.y.bits_equal(unfused.y));
  CHECK(fused.argmax.bits_equal(unfused.argmax));
  // The unfused gradient of z is rounded to the dtype, and sums have another order.
  const double bound = rounding_bound(dtype, rows, 2);
  CHECK(relative_error(fused.dweight, unfused.dweight) < bound);
  CHECK(relative_error(fused.dbias, unfused.dbias) < bound);
  CHECK(relative_error(fused.dx, unfused.dx) < bound);
}

/// Compares a run with the definition in double. Both send gradients where this run found the
/// maximum: of nearly equal values rounding decides.
inline void check_by_definition(Device device, const StemTensors& in, int64_t shift = 0) {
  const DType dtype = in.x.dtype();
  CAPTURE(to_string(dtype));
  CAPTURE(to_string(in.x.shape()));
  CAPTURE(in.add_first);
  CAPTURE(in.add_second);
  CAPTURE(shift);
  const StemTensors fast = stem_run(device, in, shift);
  CHECK(bits_equal(stem_run(device, in, shift), fast));
  StemTensors in64 = cast_all(in, DType::f64);
  in64.found = fast.argmax;
  const StemTensors exact = stem_run(Device::cpu, std::move(in64));
  const int64_t rows = in.x.elements() / in.x.shape()[3];
  const double factor = dtype == DType::f64 ? 4 : 2;  // in double the definition rounds as well
  const double sums = rounding_bound(accumulate_dtype(dtype), rows, factor);
  const double image = rounding_bound(dtype, rows, factor);
  CHECK(relative_error(fast.y, exact.y) < image);
  CHECK(relative_error(fast.sum_dy, exact.sum_dy) < sums);
  CHECK(relative_error(fast.sum_dy_xhat, exact.sum_dy_xhat) < sums);
  CHECK(relative_error(fast.dweight, exact.dweight) < sums);
  CHECK(relative_error(fast.dbias, exact.dbias) < sums);
  CHECK(relative_error(fast.dx, exact.dx) < image);
}

/// Of equal values the first inside the picture, of none positive none, in each corner of 4x4.
inline void check_ties_and_cut_off(Device device, DType dtype) {
  OwnedTensor x({1, 4, 4, 1}, dtype, [](int64_t) { return 3; });
  const double first[] = {4, 3, 1, 0};  // the window's left column or top row is outside
  const StemForward ties = stem_forward(device, x, true);
  for (int64_t i = 0; i < 4; ++i) {
    CHECK(ties.y.at(i) == 3.0);
    CHECK(ties.argmax.at(i) == first[i]);
  }
  for (const double cut_off : {0.0, -3.0}) {
    x.fill([&](int64_t) { return cut_off; });
    const StemForward none = stem_forward(device, x, true);
    for (int64_t i = 0; i < 4; ++i) {
      CHECK(none.y.at(i) == 0.0);
      CHECK(!std::signbit(none.y.at(i)));
      CHECK(none.argmax.at(i) == kMaxPoolCutOff);
    }
  }
}

/// NaN at each pixel of a picture in turn, in every second channel.
inline void check_nan(Device device, DType dtype) {
  for (int64_t pixel = 0; pixel < 25; ++pixel) {
    OwnedTensor x = OwnedTensor::random({1, 5, 5, 8}, dtype, 1);
    for (int64_t c = 0; c < 8; c += 2) x.set(8 * pixel + c, std::nan(""));
    const StemForward fused = stem_forward(device, x, true),
                      unfused = stem_forward(device, x, false);
    for (int64_t i = 0; i < fused.y.elements(); ++i) {
      const double y = unfused.y.at(i);
      CHECK((fused.y.at(i) == y || (std::isnan(fused.y.at(i)) && std::isnan(y))));
      CHECK(fused.argmax.at(i) == (y > 0 ? unfused.argmax.at(i) : kMaxPoolCutOff));
    }
  }
}

/// No gradient comes through windows without a maximum.
inline void check_cut_off_gradients(Device device, DType dtype) {
  StemTensors in({2, 5, 7, 8}, dtype);
  in.found = OwnedTensor(in.y.shape(), DType::u8, [](int64_t) { return kMaxPoolCutOff; });
  const StemTensors r = stem_run(device, std::move(in));
  for (int64_t c = 0; c < 8; ++c) CHECK(r.sum_dy.at(c) == 0.0);
  for (int64_t i = 0; i < r.dx.elements(); ++i) CHECK(r.dx.at(i) == 0.0);
}

/// y without argmax, and each gradient of a parameter alone, are the same as all together.
inline void check_absent_outputs(Device device, DType dtype) {
  StemTensors in({2, 5, 7, 8}, dtype);
  const StemTensors all = stem_run(device, in);
  in.mean = all.mean;
  in.inv_std = all.inv_std;
  in.found = all.argmax;
  Context context(device);
  context.reserve_workspace(batch_norm_max_pool_workspace_bytes(in.x.shape()));
  const StemTensors t = upload_all(context, std::move(in));
  BatchNormMaxPoolArgs forward = t.forward();
  forward.argmax = {};
  batch_norm_max_pool(context, forward);
  CHECK(t.y.download().bits_equal(all.y));
  BatchNormMaxPoolBackwardReduceArgs reduce = t.reduce();
  reduce.dbias = {};
  batch_norm_max_pool_backward_reduce(context, reduce);
  CHECK(t.dweight.download().bits_equal(all.dweight));
  reduce.dweight = {};
  reduce.dbias = {t.dbias};
  batch_norm_max_pool_backward_reduce(context, reduce);
  CHECK(t.dbias.download().bits_equal(all.dbias));
}

}  // namespace lanet::test
