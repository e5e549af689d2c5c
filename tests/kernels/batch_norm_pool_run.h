// The stem's batch norm, ReLU and maximum pool on a device: in one pass, and as the operations that
// it stands for. For test_batch_norm_pool and test_cuda_batch_norm_pool.
#pragma once

#include "kernels/batch_norm/batch_norm.h"
#include "kernels/batch_norm/batch_norm_pool.h"
#include "kernels/batch_norm/batch_norm_pool_cases.h"
#include "kernels/pool.h"
#include "tests/device_test.h"

namespace lanet::test {

struct StemInputs {
  OwnedTensor x, weight, bias, dy, dx_start, dweight_start, dbias_start;

  StemInputs cast(DType dtype) const {
    const DType wide = accumulate_dtype(dtype);
    return {x.cast(dtype),        weight.cast(wide),        bias.cast(wide),       dy.cast(dtype),
            dx_start.cast(dtype), dweight_start.cast(wide), dbias_start.cast(wide)};
  }
  Shape image() const { return x.shape(); }
  Shape pooled() const { return dy.shape(); }
  Shape vector() const { return weight.shape(); }
  DType dtype() const { return x.dtype(); }
  DType wide() const { return accumulate_dtype(dtype()); }
};

/// Weights of both signs: where one is negative, the smallest x has the maximum.
inline StemInputs stem_inputs(const BatchNormPoolCase& c, DType dtype) {
  const Shape image{c.batch, c.height, c.width, c.channels}, vector{c.channels};
  const Shape pooled{c.batch, max_pool_size(c.height), max_pool_size(c.width), c.channels};
  const DType wide = accumulate_dtype(dtype);
  return {OwnedTensor::random(image, dtype, 1, -1, 2), OwnedTensor::random(vector, wide, 2, -2, 2),
          OwnedTensor::random(vector, wide, 3),        OwnedTensor::random(pooled, dtype, 4),
          OwnedTensor::random(image, dtype, 5),        OwnedTensor::random(vector, wide, 6),
          OwnedTensor::random(vector, wide, 7)};
}
/// The same with few different x, and in every third channel values so near each other that
/// rounding to bf16 makes them equal: equal maxima are common.
inline StemInputs coarse_stem_inputs(const BatchNormPoolCase& c, DType dtype) {
  StemInputs in = stem_inputs(c, dtype);
  in.x.fill([copy = in.x](int64_t i) { return std::round(4 * copy.at(i)) / 4; });
  for (int64_t i = 2; i < c.channels; i += 3) {
    in.weight.set(i, in.weight.at(i) / 32);
    in.bias.set(i, in.bias.at(i) + 2);
  }
  return in;
}

struct StemOptions {
  bool add_first = false, add_second = false;  // to dweight and dx, to dbias
  int64_t shift = 0;                           // of the pictures, in elements
  const OwnedTensor* argmax = nullptr;         // the backward pass reads this one, not its own
  int threads = 0;
};

struct StemRun {
  OwnedTensor mean, inv_std, y, argmax, sum_dy, sum_dy_xhat, dweight, dbias, dx;

  std::vector<const OwnedTensor*> all() const {
    return {&mean, &inv_std, &y, &argmax, &sum_dy, &sum_dy_xhat, &dweight, &dbias, &dx};
  }
};

inline StemRun stem_run(Device device, const StemInputs& in, const StemOptions& o = {}) {
  Context context(device, o.threads);
  context.reserve_workspace(std::max(batch_norm_workspace_bytes(in.image()),
                                     batch_norm_max_pool_workspace_bytes(in.image())));
  const auto start = [](const OwnedTensor& given, bool add) {
    return add ? given : OwnedTensor(given.shape(), given.dtype());
  };
  const OwnedTensor vector(in.vector(), in.wide());
  const OwnedTensor x(context, in.x, o.shift), dy(context, in.dy, o.shift),
      y(context, OwnedTensor(in.pooled(), in.dtype()), o.shift),
      dx(context, start(in.dx_start, o.add_first), o.shift),
      argmax(context, OwnedTensor(in.pooled(), DType::u8)),
      given_argmax(context, o.argmax ? *o.argmax : OwnedTensor(in.pooled(), DType::u8)),
      weight(context, in.weight), bias(context, in.bias), mean(context, vector),
      inv_std(context, vector), sum_dy(context, vector), sum_dy_xhat(context, vector),
      dweight(context, start(in.dweight_start, o.add_first)),
      dbias(context, start(in.dbias_start, o.add_second));
  context.freeze();
  const Tensor read_argmax = o.argmax ? given_argmax.tensor() : argmax.tensor();
  batch_norm_statistics(context, {.x = x, .mean = mean, .inv_std = inv_std});
  batch_norm_max_pool(context, {.x = x,
                                .mean = mean,
                                .inv_std = inv_std,
                                .weight = weight,
                                .bias = bias,
                                .y = y,
                                .argmax = argmax});
  batch_norm_max_pool_backward_reduce(context, {.x = x,
                                                .mean = mean,
                                                .inv_std = inv_std,
                                                .dy = dy,
                                                .argmax = read_argmax,
                                                .sum_dy = sum_dy,
                                                .sum_dy_xhat = sum_dy_xhat,
                                                .dweight = {dweight, o.add_first},
                                                .dbias = {dbias, o.add_second}});
  batch_norm_max_pool_backward_apply(context, {.x = x,
                                               .mean = mean,
                                               .inv_std = inv_std,
                                               .weight = weight,
                                               .dy = dy,
                                               .argmax = read_argmax,
                                               .sum_dy = sum_dy,
                                               .sum_dy_xhat = sum_dy_xhat,
                                               .dx = {dx, o.add_first}});
  return {mean.download(),    inv_std.download(), y.download(),
          argmax.download(),  sum_dy.download(),  sum_dy_xhat.download(),
          dweight.download(), dbias.download(),   dx.download()};
}

/// The same by the operations that write the normalised picture z and its gradient. argmax is as
/// batch_norm_max_pool has it.
inline StemRun unfused_stem_run(Device device, const StemInputs& in) {
  Context context(device);
  context.reserve_workspace(batch_norm_workspace_bytes(in.image()));
  const OwnedTensor vector(in.vector(), in.wide()), image(in.image(), in.dtype());
  const OwnedTensor x(context, in.x), dy(context, in.dy), z(context, image), dz(context, image),
      dx(context, image), y(context, OwnedTensor(in.pooled(), in.dtype())),
      argmax(context, OwnedTensor(in.pooled(), DType::u8)), weight(context, in.weight),
      bias(context, in.bias), mean(context, vector), inv_std(context, vector),
      sum_dy(context, vector), sum_dy_xhat(context, vector), dweight(context, vector),
      dbias(context, vector);
  batch_norm_statistics(context, {.x = x, .mean = mean, .inv_std = inv_std});
  batch_norm_apply(context, {.x = x,
                             .mean = mean,
                             .inv_std = inv_std,
                             .weight = weight,
                             .bias = bias,
                             .y = z,
                             .relu = true});
  max_pool(context, {.x = z, .y = y, .argmax = argmax});
  max_pool_backward(context, {.dy = dy, .argmax = argmax, .dx = {dz}});
  batch_norm_backward_reduce(context, {.x = x,
                                       .mean = mean,
                                       .inv_std = inv_std,
                                       .dy = dz,
                                       .y = z,
                                       .relu = true,
                                       .sum_dy = sum_dy,
                                       .sum_dy_xhat = sum_dy_xhat,
                                       .dweight = {dweight},
                                       .dbias = {dbias}});
  batch_norm_backward_apply(context, {.x = x,
                                      .mean = mean,
                                      .inv_std = inv_std,
                                      .weight = weight,
                                      .dy = dz,
                                      .y = z,
                                      .relu = true,
                                      .sum_dy = sum_dy,
                                      .sum_dy_xhat = sum_dy_xhat,
                                      .dx = {dx}});
  StemRun r{mean.download(),    inv_std.download(), y.download(),
            argmax.download(),  sum_dy.download(),  sum_dy_xhat.download(),
            dweight.download(), dbias.download(),   dx.download()};
  r.argmax.fill([&, pool_argmax = r.argmax](int64_t i) {
    return r.y.at(i) > 0 ? pool_argmax.at(i) : kMaxPoolCutOff;
  });
  return r;
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
    OwnedTensor vector({shape[3]}, accumulate_dtype(dtype));
    vector.fill([&](int64_t) { return value; });
    return vector;
  };
  const OwnedTensor its_x(context, x), z(context, OwnedTensor(shape, dtype)),
      zero(context, constant(0)), one(context, constant(1)), y(context, OwnedTensor(pooled, dtype)),
      argmax(context, OwnedTensor(pooled, DType::u8));
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
  const StemInputs in = coarse_stem_inputs(c, dtype);
  const StemRun fused = stem_run(device, in), unfused = unfused_stem_run(device, in);
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
inline void check_by_definition(Device device, const StemInputs& in, StemOptions o) {
  CAPTURE(to_string(in.dtype()));
  CAPTURE(to_string(in.image()));
  CAPTURE(o.add_first);
  CAPTURE(o.add_second);
  CAPTURE(o.shift);
  const StemRun fast = stem_run(device, in, o), again = stem_run(device, in, o);
  for (size_t i = 0; i < fast.all().size(); ++i) CHECK(again.all()[i]->bits_equal(*fast.all()[i]));
  o.shift = 0;
  o.argmax = &fast.argmax;
  const StemRun exact = stem_run(Device::cpu, in.cast(DType::f64), o);
  const int64_t rows = in.image().elements() / in.image()[3];
  const double factor =
      in.dtype() == DType::f64 ? 4 : 2;  // in double the definition rounds as well
  const double sums = rounding_bound(in.wide(), rows, factor);
  const double image = rounding_bound(in.dtype(), rows, factor);
  CHECK(relative_error(fast.y, exact.y) < image);
  CHECK(relative_error(fast.sum_dy, exact.sum_dy) < sums);
  CHECK(relative_error(fast.sum_dy_xhat, exact.sum_dy_xhat) < sums);
  CHECK(relative_error(fast.dweight, exact.dweight) < sums);
  CHECK(relative_error(fast.dbias, exact.dbias) < sums);
  CHECK(relative_error(fast.dx, exact.dx) < image);
}

/// Of equal values the first inside the picture, of none positive none, in each corner of 4x4.
inline void check_ties_and_cut_off(Device device, DType dtype) {
  OwnedTensor x({1, 4, 4, 1}, dtype);
  x.fill([](int64_t) { return 3.0; });
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
  const StemInputs in = stem_inputs({2, 5, 7, 8}, dtype);
  OwnedTensor none(in.pooled(), DType::u8);
  none.fill([](int64_t) { return kMaxPoolCutOff; });
  const StemRun r = stem_run(device, in, {.argmax = &none});
  for (int64_t c = 0; c < 8; ++c) CHECK(r.sum_dy.at(c) == 0.0);
  for (int64_t i = 0; i < r.dx.elements(); ++i) CHECK(r.dx.at(i) == 0.0);
}

/// y without argmax, and each gradient of a parameter alone, are the same as all together.
inline void check_absent_outputs(Device device, DType dtype) {
  const StemInputs in = stem_inputs({2, 5, 7, 8}, dtype);
  const StemRun all = stem_run(device, in);
  Context context(device);
  context.reserve_workspace(batch_norm_max_pool_workspace_bytes(in.image()));
  const OwnedTensor vector(in.vector(), in.wide());
  const OwnedTensor x(context, in.x), dy(context, in.dy), weight(context, in.weight),
      bias(context, in.bias), mean(context, all.mean), inv_std(context, all.inv_std),
      argmax(context, all.argmax), y(context, OwnedTensor(in.pooled(), dtype)),
      sum_dy(context, vector), sum_dy_xhat(context, vector), dweight(context, vector),
      dbias(context, vector);
  batch_norm_max_pool(
      context, {.x = x, .mean = mean, .inv_std = inv_std, .weight = weight, .bias = bias, .y = y});
  CHECK(y.download().bits_equal(all.y));
  BatchNormMaxPoolBackwardReduceArgs reduce{.x = x,
                                            .mean = mean,
                                            .inv_std = inv_std,
                                            .dy = dy,
                                            .argmax = argmax,
                                            .sum_dy = sum_dy,
                                            .sum_dy_xhat = sum_dy_xhat,
                                            .dweight = {dweight}};
  batch_norm_max_pool_backward_reduce(context, reduce);
  CHECK(dweight.download().bits_equal(all.dweight));
  reduce.dweight = {};
  reduce.dbias = {dbias};
  batch_norm_max_pool_backward_reduce(context, reduce);
  CHECK(dbias.download().bits_equal(all.dbias));
}

}  // namespace lanet::test
