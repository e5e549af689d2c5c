// Every pass of batch_norm over given inputs on any device, for its tests.
#pragma once

#include "kernels/batch_norm/batch_norm.h"
#include "kernels/batch_norm/batch_norm_cases.h"
#include "tests/device_test.h"

namespace lanet::test {

/// An image that is normalised, and where its gradients start if they are added to.
struct NormInputs {
  OwnedTensor x, weight, bias, running_mean, running_var;
  OwnedTensor dx_start, dweight_start, dbias_start;

  NormInputs(const BatchNormCase& c, DType dtype, uint32_t seed)
      : x(OwnedTensor::random({c.rows, c.channels}, dtype, seed, -1, 2)),
        weight(OwnedTensor::random({c.channels}, accumulate_dtype(dtype), seed + 1, 0.5, 2)),
        bias(OwnedTensor::random({c.channels}, accumulate_dtype(dtype), seed + 2)),
        running_mean(OwnedTensor::random({c.channels}, accumulate_dtype(dtype), seed + 3)),
        running_var(OwnedTensor::random({c.channels}, accumulate_dtype(dtype), seed + 4, 0.5, 2)),
        dx_start(OwnedTensor::random({c.rows, c.channels}, dtype, seed + 5)),
        dweight_start(OwnedTensor::random({c.channels}, accumulate_dtype(dtype), seed + 6)),
        dbias_start(OwnedTensor::random({c.channels}, accumulate_dtype(dtype), seed + 7)) {}
  NormInputs cast(DType dtype) const {
    NormInputs other = *this;
    for (OwnedTensor* image : {&other.x, &other.dx_start}) *image = image->cast(dtype);
    for (OwnedTensor* vector : {&other.weight, &other.bias, &other.running_mean, &other.running_var,
                                &other.dweight_start, &other.dbias_start})
      *vector = vector->cast(accumulate_dtype(dtype));
    return other;
  }
};
struct NormCaseInputs {
  NormInputs first, second;
  OwnedTensor residual, dy, dresidual_start;

  NormCaseInputs(const BatchNormCase& c, DType dtype, uint32_t seed = 1)
      : first(c, dtype, seed),
        second(c, dtype, seed + 20),
        residual(OwnedTensor::random({c.rows, c.channels}, dtype, seed + 40)),
        dy(OwnedTensor::random({c.rows, c.channels}, dtype, seed + 41)),
        dresidual_start(OwnedTensor::random({c.rows, c.channels}, dtype, seed + 42)) {}
  NormCaseInputs cast(DType dtype) const {
    NormCaseInputs other = *this;
    other.first = first.cast(dtype);
    other.second = second.cast(dtype);
    for (OwnedTensor* image : {&other.residual, &other.dy, &other.dresidual_start})
      *image = image->cast(dtype);
    return other;
  }
  BatchNormCase size() const { return {dy.shape()[0], dy.shape()[1]}; }
};

/// What is added to the normalised image.
enum class Added { nothing, residual, second };

struct NormOptions {
  bool relu = true;
  Added added = Added::residual;
  bool find_y = false;      // the backward pass gets no y
  bool add_first = false;   // to dweight and dx
  bool add_second = false;  // to dbias and dresidual
  int64_t shift = 0;        // of the images, in elements
};

struct NormRun {
  OwnedTensor mean, inv_std, running_mean, running_var, sum_dy_xhat, dweight, dbias, dx;
};
struct NormCaseRun {
  NormRun first, second;
  OwnedTensor y, inference_y, sum_dy, dresidual;

  std::vector<const OwnedTensor*> all() const {
    std::vector<const OwnedTensor*> tensors{&y, &inference_y, &sum_dy, &dresidual};
    for (const NormRun* r : {&first, &second})
      tensors.insert(tensors.end(), {&r->mean, &r->inv_std, &r->running_mean, &r->running_var,
                                     &r->sum_dy_xhat, &r->dweight, &r->dbias, &r->dx});
    return tensors;
  }
  bool bits_equal(const NormCaseRun& other) const {
    bool equal = true;
    for (size_t i = 0; i < all().size(); ++i)
      equal = equal && all()[i]->bits_equal(*other.all()[i]);
    return equal;
  }
};

/// One image on the device.
struct DeviceNorm {
  OwnedTensor x, weight, bias, inference_mean, inference_var, running_mean, running_var;
  OwnedTensor mean, inv_std, sum_dy_xhat, dweight, dbias, dx;

  DeviceNorm(Context& context, const NormInputs& in, const NormOptions& o)
      : x(context, in.x, o.shift),
        weight(context, in.weight),
        bias(context, in.bias),
        inference_mean(context, in.running_mean),
        inference_var(context, in.running_var),
        running_mean(context, in.running_mean),
        running_var(context, in.running_var),
        mean(context, unset(in.weight)),
        inv_std(context, unset(in.weight)),
        sum_dy_xhat(context, unset(in.weight)),
        dweight(context, o.add_first ? in.dweight_start : unset(in.weight)),
        dbias(context, o.add_second ? in.dbias_start : unset(in.weight)),
        dx(context, o.add_first ? in.dx_start : unset(in.x)) {}
  static OwnedTensor unset(const OwnedTensor& like) {
    return OwnedTensor(like.shape(), like.dtype());
  }
  BatchNormStatisticsArgs statistics() const {
    return {.x = x,
            .mean = mean,
            .inv_std = inv_std,
            .running_mean = running_mean,
            .running_var = running_var};
  }
  BatchNormTerm term(const NormOptions& o) const {
    return {.x = x,
            .mean = mean,
            .inv_std = inv_std,
            .weight = weight,
            .bias = bias,
            .sum_dy_xhat = sum_dy_xhat,
            .dweight = {dweight, o.add_first},
            .dbias = {dbias, o.add_second},
            .dx = {dx, o.add_first}};
  }
  NormRun download() const {
    return {mean.download(),        inv_std.download(),     running_mean.download(),
            running_var.download(), sum_dy_xhat.download(), dweight.download(),
            dbias.download(),       dx.download()};
  }
};
struct DeviceNormCase {
  NormOptions o;
  DeviceNorm first, second;
  OwnedTensor residual, dy, y, inference_y, given_y, sum_dy, dresidual;

  DeviceNormCase(Context& context, const NormCaseInputs& in, const NormOptions& options,
                 const OwnedTensor* mask)
      : o(options),
        first(context, in.first, o),
        second(context, in.second, o),
        residual(context, in.residual, o.shift),
        dy(context, in.dy, o.shift),
        y(context, DeviceNorm::unset(in.dy), o.shift),
        inference_y(context, DeviceNorm::unset(in.dy), o.shift),
        given_y(context, mask ? *mask : DeviceNorm::unset(in.dy), o.shift),
        sum_dy(context, DeviceNorm::unset(in.first.weight)),
        dresidual(context, o.add_second ? in.dresidual_start : DeviceNorm::unset(in.dy)) {}
  Tensor given_residual() const {
    return o.added == Added::residual ? residual.tensor() : Tensor{};
  }
  BatchNormTerm second_term() const {
    return o.added == Added::second ? second.term(o) : BatchNormTerm{};
  }
  BatchNormApplyArgs apply() const {
    return {.x = first.x,
            .mean = first.mean,
            .inv_std = first.inv_std,
            .weight = first.weight,
            .bias = first.bias,
            .residual = given_residual(),
            .second = second_term(),
            .y = y,
            .relu = o.relu};
  }
  Tensor read_y(bool mask) const {
    if (!o.relu || o.find_y || o.added == Added::second) return {};
    return mask ? given_y.tensor() : y.tensor();
  }
  BatchNormBackwardReduceArgs reduce(bool mask) const {
    return {.x = first.x,
            .mean = first.mean,
            .inv_std = first.inv_std,
            .weight = first.weight,
            .bias = first.bias,
            .second = second_term(),
            .dy = dy,
            .y = read_y(mask),
            .relu = o.relu,
            .sum_dy = sum_dy,
            .sum_dy_xhat = first.sum_dy_xhat,
            .dweight = {first.dweight, o.add_first},
            .dbias = {first.dbias, o.add_second}};
  }
  BatchNormBackwardApplyArgs backward_apply(bool mask) const {
    return {
        .x = first.x,
        .mean = first.mean,
        .inv_std = first.inv_std,
        .weight = first.weight,
        .bias = first.bias,
        .second = second_term(),
        .dy = dy,
        .y = read_y(mask),
        .relu = o.relu,
        .sum_dy = sum_dy,
        .sum_dy_xhat = first.sum_dy_xhat,
        .dx = {first.dx, o.add_first},
        .dresidual = o.added == Added::residual ? Gradient{dresidual, o.add_second} : Gradient{}};
  }
};

/// Every pass, of all members of the group at once, in the dtype of the inputs. `mask`: the
/// backward passes read this y instead of their own.
inline std::vector<NormCaseRun> run_batch_norms(Device device,
                                                const std::vector<NormCaseInputs>& group,
                                                const NormOptions& o,
                                                const OwnedTensor* mask = nullptr,
                                                int threads = 0) {
  Context context(device, threads);
  const int images = static_cast<int>(group.size()) * (o.added == Added::second ? 2 : 1);
  context.reserve_workspace(batch_norm_workspace_bytes(group[0].dy.shape(), images));
  std::vector<DeviceNormCase> cases;
  cases.reserve(group.size());
  for (const NormCaseInputs& in : group) cases.emplace_back(context, in, o, mask);
  context.freeze();
  std::vector<BatchNormStatisticsArgs> statistics;
  std::vector<BatchNormApplyArgs> apply;
  std::vector<BatchNormBackwardReduceArgs> reduce;
  std::vector<BatchNormBackwardApplyArgs> backward_apply;
  for (const DeviceNormCase& c : cases) {
    statistics.push_back(c.first.statistics());
    if (o.added == Added::second) statistics.push_back(c.second.statistics());
    apply.push_back(c.apply());
    reduce.push_back(c.reduce(mask));
    backward_apply.push_back(c.backward_apply(mask));
    if (o.added == Added::second) continue;
    batch_norm_inference(context, {.x = c.first.x,
                                   .running_mean = c.first.inference_mean,
                                   .running_var = c.first.inference_var,
                                   .weight = c.first.weight,
                                   .bias = c.first.bias,
                                   .residual = c.given_residual(),
                                   .y = c.inference_y,
                                   .relu = o.relu});
  }
  batch_norm_statistics(context, statistics);
  batch_norm_apply(context, apply);
  batch_norm_backward_reduce(context, reduce);
  batch_norm_backward_apply(context, backward_apply);
  std::vector<NormCaseRun> runs;
  for (const DeviceNormCase& c : cases)
    runs.push_back({c.first.download(), c.second.download(), c.y.download(),
                    c.inference_y.download(), c.sum_dy.download(), c.dresidual.download()});
  return runs;
}
inline NormCaseRun run_batch_norm(Device device, const NormCaseInputs& in, const NormOptions& o,
                                  const OwnedTensor* mask = nullptr, int threads = 0) {
  return std::move(run_batch_norms(device, {in}, o, mask, threads)[0]);
}

/// The definition in double of what `fast` computed. Both cut off where the fast y is 0: rounding
/// decides differently next to 0. A second term is made of norms by themselves: one gives what is
/// added, one its gradients.
inline NormCaseRun exact_batch_norm(const NormCaseInputs& in, NormOptions o,
                                    const NormCaseRun& fast) {
  o.shift = 0;
  const OwnedTensor mask = fast.y.cast(DType::f64);
  NormCaseInputs exact = in.cast(DType::f64);
  if (o.added != Added::second) return run_batch_norm(Device::cpu, exact, o, &mask);
  NormOptions alone = o;
  alone.added = Added::nothing;
  NormCaseInputs second = exact;
  std::swap(second.first, second.second);
  const NormRun its = run_batch_norm(Device::cpu, second, alone, &mask).first;
  alone.relu = false;
  exact.residual = run_batch_norm(Device::cpu, second, alone).y;
  o.added = Added::residual;
  NormCaseRun run = run_batch_norm(Device::cpu, exact, o, &mask);
  run.second = its;
  return run;
}

inline void check_norm(const NormRun& fast, const NormRun& exact, double sums, double image) {
  CHECK(relative_error(fast.mean, exact.mean) < sums);
  CHECK(relative_error(fast.inv_std, exact.inv_std) < sums);
  CHECK(relative_error(fast.running_mean, exact.running_mean) < sums);
  CHECK(relative_error(fast.running_var, exact.running_var) < sums);
  CHECK(relative_error(fast.sum_dy_xhat, exact.sum_dy_xhat) < sums);
  CHECK(relative_error(fast.dweight, exact.dweight) < sums);
  CHECK(relative_error(fast.dbias, exact.dbias) < sums);
  CHECK(relative_error(fast.dx, exact.dx) < image);
}

/// Compares a run with the definition, and with another run.
inline void check_batch_norm(Device device, const NormCaseInputs& in, const NormOptions& o) {
  const DType dtype = in.dy.dtype();
  CAPTURE(to_string(dtype));
  CAPTURE(in.size().rows);
  CAPTURE(in.size().channels);
  CAPTURE(o.relu);
  CAPTURE(static_cast<int>(o.added));
  CAPTURE(o.add_first);
  CAPTURE(o.shift);
  const NormCaseRun fast = run_batch_norm(device, in, o);
  const NormCaseRun exact = exact_batch_norm(in, o, fast);
  const double factor = dtype == DType::f64 ? 4 : 2;  // in double the definition rounds as well
  const double sums = rounding_bound(accumulate_dtype(dtype), in.size().rows, factor);
  const double image = rounding_bound(dtype, in.size().rows, factor);
  check_norm(fast.first, exact.first, sums, image);
  if (o.added == Added::second) check_norm(fast.second, exact.second, sums, image);
  CHECK(relative_error(fast.y, exact.y) < image);
  CHECK(relative_error(fast.sum_dy, exact.sum_dy) < sums);
  if (o.added != Added::second) CHECK(relative_error(fast.inference_y, exact.inference_y) < image);
  if (o.added == Added::residual) CHECK(relative_error(fast.dresidual, exact.dresidual) < image);
  CHECK(run_batch_norm(device, in, o).bits_equal(fast));
}

/// y found anew gives the bits that the y of the forward pass gives.
inline void check_found_y(Device device, const NormCaseInputs& in) {
  for (const bool add : {false, true}) {
    const NormOptions given{.added = Added::nothing, .add_first = add};
    NormOptions found = given;
    found.find_y = true;
    CHECK(run_batch_norm(device, in, found).bits_equal(run_batch_norm(device, in, given)));
  }
}

/// A group gives each member the bits that it has by itself.
inline void check_group(Device device, const BatchNormCase& c, DType dtype, const NormOptions& o) {
  std::vector<NormCaseInputs> group;
  for (const uint32_t seed : {1u, 101u, 201u}) group.emplace_back(c, dtype, seed);
  const auto together = run_batch_norms(device, group, o);
  for (size_t i = 0; i < group.size(); ++i)
    CHECK(together[i].bits_equal(run_batch_norm(device, group[i], o)));
}

/// One row gives its bias up to rounding, and its variance is 0.
inline void check_one_row(Device device, const NormCaseInputs& in) {
  const DType dtype = in.dy.dtype();
  const NormCaseRun r = run_batch_norm(device, in, {.relu = false, .added = Added::nothing});
  for (int64_t i = 0; i < in.size().channels; ++i) {
    // bias + x·scale − mean·scale, the two products of size 316·x cancelling
    const double x = in.first.x.at(i), bias = in.first.bias.at(i);
    const double product = x * in.first.weight.at(i) / std::sqrt(kBatchNormEpsilon);
    CHECK(std::abs(r.y.at(i) - bias) <= rounding_bound(dtype, 1, 1) * std::abs(product));
    CHECK(r.first.dx.at(i) == 0.0);
    CHECK(r.first.inv_std.at(i) == doctest::Approx(1 / std::sqrt(kBatchNormEpsilon)));
    CHECK(r.first.running_var.at(i) == doctest::Approx(0.9 * in.first.running_var.at(i)));
    CHECK(r.first.running_mean.at(i) ==
          doctest::Approx(0.9 * in.first.running_mean.at(i) + 0.1 * x));
  }
}

/// y = 0 counts as cut off.
inline void check_cut_off(Device device, const NormCaseInputs& in) {
  OwnedTensor zero = DeviceNorm::unset(in.dy);
  zero.fill([](int64_t) { return 0.0; });
  const NormCaseRun r = run_batch_norm(device, in, {}, &zero);
  for (int64_t i = 0; i < in.size().channels; ++i) CHECK(r.sum_dy.at(i) == 0.0);
  for (int64_t i = 0; i < in.dy.elements(); ++i) {
    CHECK(r.first.dx.at(i) == 0.0);
    CHECK(r.dresidual.at(i) == 0.0);
  }
}

}  // namespace lanet::test
