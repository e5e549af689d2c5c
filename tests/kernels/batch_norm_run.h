// Every pass of batch_norm on any device, for its tests.
#pragma once

#include "kernels/batch_norm/batch_norm_cases.h"
#include "tests/device_test.h"

namespace lanet::test {

using Added = BatchNormAdded;

/// The tensors after every pass, and the y of inference.
struct NormRun : BatchNormTensors {
  OwnedTensor inference_y;

  bool bits_equal(NormRun other) {
    bool equal = inference_y.bits_equal(other.inference_y);
    for (size_t i = 0; i < all().size(); ++i)
      equal = equal && (!all()[i]->tensor() || all()[i]->bits_equal(*other.all()[i]));
    return equal;
  }
};

/// Every pass, of all members of the group at once, in their dtype. `shift`: of the images, in
/// elements.
inline std::vector<NormRun> run_batch_norms(Device device, std::vector<BatchNormTensors> group,
                                            int64_t shift = 0, int threads = 0) {
  Context context(device, threads);
  const Added added = group[0].o.added;
  const int images = static_cast<int>(group.size()) * (added == Added::second ? 2 : 1);
  context.reserve_workspace(batch_norm_workspace_bytes(group[0].dy.shape(), images));
  std::vector<OwnedTensor> inference_y;
  for (BatchNormTensors& t : group) {
    inference_y.emplace_back(context, t.y, shift);
    upload_shifted(context, t, {&t.first.x, &t.second.x, &t.residual, &t.dy, &t.y, &t.mask}, shift);
  }
  context.freeze();
  std::vector<BatchNormStatisticsArgs> statistics;
  std::vector<BatchNormApplyArgs> apply;
  std::vector<BatchNormBackwardReduceArgs> reduce;
  std::vector<BatchNormBackwardApplyArgs> backward_apply;
  for (size_t i = 0; i < group.size(); ++i) {
    const BatchNormTensors& t = group[i];
    statistics.push_back(t.first.statistics());
    if (added == Added::second) statistics.push_back(t.second.statistics());
    apply.push_back(t.apply());
    reduce.push_back(t.reduce());
    backward_apply.push_back(t.backward_apply());
    if (added == Added::second) continue;
    batch_norm_inference(context, t.inference(inference_y[i]));
  }
  batch_norm_statistics(context, statistics);
  batch_norm_apply(context, apply);
  batch_norm_backward_reduce(context, reduce);
  batch_norm_backward_apply(context, backward_apply);
  std::vector<NormRun> runs;
  for (size_t i = 0; i < group.size(); ++i)
    runs.push_back({download_all(std::move(group[i])), inference_y[i].download()});
  return runs;
}
inline NormRun run_batch_norm(Device device, const BatchNormTensors& in, int64_t shift = 0,
                              int threads = 0) {
  return std::move(run_batch_norms(device, {in}, shift, threads)[0]);
}

/// The definition in double of what `fast` computed. Both cut off where the fast y is 0: rounding
/// decides differently next to 0. A second term is made of norms by themselves: one gives what is
/// added, one its gradients.
inline NormRun exact_batch_norm(const BatchNormTensors& in, const NormRun& fast) {
  BatchNormTensors exact = cast_all(in, DType::f64);
  exact.mask = fast.y.cast(DType::f64);
  if (in.o.added != Added::second) return run_batch_norm(Device::cpu, exact);
  BatchNormTensors alone = exact;
  std::swap(alone.first, alone.second);
  alone.o.added = Added::nothing;
  const BatchNormImage its = run_batch_norm(Device::cpu, alone).first;
  alone.o.relu = false;
  exact.residual = run_batch_norm(Device::cpu, alone).y;
  exact.o.added = Added::residual;
  NormRun run = run_batch_norm(Device::cpu, exact);
  run.second = its;
  return run;
}

inline void check_norm(const BatchNormImage& fast, const BatchNormImage& exact, double sums,
                       double image) {
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
inline void check_batch_norm(Device device, const BatchNormCase& c, DType dtype,
                             const BatchNormOptions& o, int64_t shift = 0) {
  CAPTURE(to_string(dtype));
  CAPTURE(c.rows);
  CAPTURE(c.channels);
  CAPTURE(o.relu);
  CAPTURE(static_cast<int>(o.added));
  CAPTURE(o.add_first);
  CAPTURE(shift);
  const BatchNormTensors in(c, dtype, o);
  NormRun fast = run_batch_norm(device, in, shift);
  const NormRun exact = exact_batch_norm(in, fast);
  const double factor = dtype == DType::f64 ? 4 : 2;  // in double the definition rounds as well
  const double sums = rounding_bound(accumulate_dtype(dtype), c.rows, factor);
  const double image = rounding_bound(dtype, c.rows, factor);
  check_norm(fast.first, exact.first, sums, image);
  if (o.added == Added::second) check_norm(fast.second, exact.second, sums, image);
  CHECK(relative_error(fast.y, exact.y) < image);
  CHECK(relative_error(fast.sum_dy, exact.sum_dy) < sums);
  if (o.added != Added::second) CHECK(relative_error(fast.inference_y, exact.inference_y) < image);
  if (o.added == Added::residual) CHECK(relative_error(fast.dresidual, exact.dresidual) < image);
  CHECK(fast.bits_equal(run_batch_norm(device, in, shift)));
}

/// A y that is computed again gives the bits that the y of the forward pass gives.
inline void check_found_y(Device device, const BatchNormCase& c, DType dtype) {
  for (const bool add : {false, true}) {
    BatchNormTensors in(c, dtype, {.added = Added::nothing, .add_first = add});
    NormRun given = run_batch_norm(device, in);
    in.o.find_y = true;
    CHECK(given.bits_equal(run_batch_norm(device, in)));
  }
}

/// A group gives each member the bits that it has by itself.
inline void check_group(Device device, const BatchNormCase& c, DType dtype,
                        const BatchNormOptions& o) {
  std::vector<BatchNormTensors> group;
  for (const uint32_t seed : {1u, 101u, 201u}) group.emplace_back(c, dtype, o, seed);
  auto together = run_batch_norms(device, group);
  for (size_t i = 0; i < group.size(); ++i)
    CHECK(together[i].bits_equal(run_batch_norm(device, group[i])));
}

/// The deviation of an image whose mean is far larger.
inline void check_far_mean(Device device) {
  const BatchNormCase c{3000, 20};
  BatchNormTensors in(c, DType::f32, {});
  in.first.x.fill([copy = in.first.x](int64_t i) { return 3000 + copy.at(i); });
  const BatchNormImage fast = run_batch_norm(device, in).first,
                       exact = run_batch_norm(Device::cpu, cast_all(in, DType::f64)).first;
  CHECK(relative_error(fast.mean, exact.mean) < rounding_bound(DType::f32, 1, 1));
  CHECK(relative_error(fast.inv_std, exact.inv_std) < rounding_bound(DType::f32, c.rows, 1));
}

/// One row gives its bias up to rounding, and its variance is 0.
inline void check_one_row(Device device, DType dtype) {
  const BatchNormTensors in({1, 3}, dtype, {.relu = false, .added = Added::nothing});
  const NormRun r = run_batch_norm(device, in);
  for (int64_t i = 0; i < 3; ++i) {
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
inline void check_cut_off(Device device, const BatchNormCase& c, DType dtype) {
  BatchNormTensors in(c, dtype, {});
  in.mask = OwnedTensor(in.dy.shape(), dtype, [](int64_t) { return 0; });
  const NormRun r = run_batch_norm(device, in);
  for (int64_t i = 0; i < c.channels; ++i) CHECK(r.sum_dy.at(i) == 0.0);
  for (int64_t i = 0; i < in.dy.elements(); ++i) {
    CHECK(r.first.dx.at(i) == 0.0);
    CHECK(r.dresidual.at(i) == 0.0);
  }
}

}  // namespace lanet::test
