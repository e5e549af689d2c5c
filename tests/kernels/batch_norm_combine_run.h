// What the tests of batch_norm_combine on every device compute with: an image that is cut into the
// rows of each rank, and its statistics.
#pragma once

#include "kernels/batch_norm/batch_norm.h"
#include "kernels/batch_norm/batch_norm_combine_cases.h"
#include "tests/device_test.h"

namespace lanet::test {

struct CombineTensors : BatchNormCombineTensors {
  OwnedTensor x;  // [ranks · rows, C]

  /// Channels take turns: of its own mean on each rank; of a mean far larger than the deviation;
  /// constant; constant on each rank.
  CombineTensors(const BatchNormCombineCase& c, DType dtype, uint32_t seed = 1)
      : BatchNormCombineTensors(c, dtype, seed),
        x(OwnedTensor::random({c.ranks * c.rows, c.channels}, dtype, seed, -1, 2)) {
    x.fill([&, random = x](int64_t i) {
      const double rank = static_cast<double>(i / c.channels / c.rows), value = random.at(i);
      const double kinds[] = {value + 0.5 * rank, 3000 + value, -1.3, 0.7 * rank - 1};
      return kinds[i % c.channels % 4];
    });
    Context context;
    context.reserve_workspace(batch_norm_workspace_bytes({c.rows, c.channels}));
    for (int64_t r = 0; r < c.ranks; ++r)
      batch_norm_statistics(context,
                            {.x = view_rows(x, {r * c.rows, c.rows}),
                             .mean = view_rows(means, {r, 1}).reshaped({c.channels}),
                             .inv_std = view_rows(inv_stds, {r, 1}).reshaped({c.channels})});
  }
};

inline bool bits_equal(const BatchNormCombineTensors& a, const BatchNormCombineTensors& b) {
  return a.mean.bits_equal(b.mean) && a.inv_std.bits_equal(b.inv_std) &&
         a.running_mean.bits_equal(b.running_mean) && a.running_var.bits_equal(b.running_var);
}

/// Combines a group; tracked: with running statistics.
inline std::vector<BatchNormCombineTensors> run_combine(Device device,
                                                        const std::vector<CombineTensors>& group,
                                                        bool tracked = true) {
  Context context(device);
  std::vector<BatchNormCombineTensors> tensors;
  std::vector<BatchNormCombineArgs> args;
  for (const BatchNormCombineTensors& in : group) {
    args.push_back(tensors.emplace_back(upload_all(context, in)).args());
    if (!tracked) args.back().running_mean = args.back().running_var = {};
  }
  batch_norm_combine(context, args);
  for (BatchNormCombineTensors& t : tensors) t = download_all(std::move(t));
  return tensors;
}
inline BatchNormCombineTensors run_combine(Device device, const CombineTensors& in) {
  return std::move(run_combine(device, std::vector{in})[0]);
}

/// The statistics of the image as a whole, in double.
inline BatchNormCombineTensors whole_statistics(const CombineTensors& in) {
  BatchNormCombineTensors t = cast_all<BatchNormCombineTensors>(in, DType::f64);
  const OwnedTensor x = in.x.cast(DType::f64);
  Context context;
  batch_norm_statistics(context, {.x = x,
                                  .mean = t.mean,
                                  .inv_std = t.inv_std,
                                  .running_mean = t.running_mean,
                                  .running_var = t.running_var});
  return t;
}

/// The parts' statistics combined are those of the whole image, up to rounding; twice the same
/// bits.
inline void check_combine(Device device, const BatchNormCombineCase& c, DType dtype) {
  CAPTURE(to_string(dtype));
  CAPTURE(c.ranks);
  CAPTURE(c.channels);
  const CombineTensors in(c, dtype);
  const BatchNormCombineTensors combined = run_combine(device, in), whole = whole_statistics(in);
  const double bound = rounding_bound(dtype, c.ranks * c.rows, 2);
  for (int64_t i = 0; i < c.channels; ++i) {
    CAPTURE(i);
    const double mean = std::abs(whole.mean.at(i)), inv_std = whole.inv_std.at(i);
    // The means were rounded before they were compared with each other.
    const double spread_bound = bound * (1 + mean * inv_std);
    CHECK(std::abs(combined.mean.at(i) - whole.mean.at(i)) <= bound * (mean + 1 / inv_std));
    CHECK(std::abs(combined.inv_std.at(i) / inv_std - 1) <= spread_bound);
    CHECK(std::abs(combined.running_mean.at(i) - whole.running_mean.at(i)) <=
          bound * (1 + mean + 1 / inv_std));
    CHECK(std::abs(combined.running_var.at(i) / whole.running_var.at(i) - 1) <= spread_bound);
  }
  CHECK(bits_equal(run_combine(device, in), combined));
}

/// A group gives each member the bits that it has by itself.
inline void check_combine_group(Device device, const BatchNormCombineCase& c, DType dtype,
                                uint32_t count) {
  std::vector<CombineTensors> group;
  for (uint32_t i = 0; i < count; ++i) group.emplace_back(c, dtype, 1 + 10 * i);
  const auto together = run_combine(device, group);
  for (size_t i = 0; i < group.size(); ++i)
    CHECK(bits_equal(together[i], run_combine(device, group[i])));
}

/// Of one rank mean and inv_std are what they were.
inline void check_combine_one(Device device, DType dtype) {
  const CombineTensors in({1, 9, 7}, dtype);
  const BatchNormCombineTensors run = run_combine(device, in);
  for (int64_t i = 0; i < run.mean.elements(); ++i) {
    CHECK(run.mean.at(i) == in.means.at(i));
    CHECK(std::abs(run.inv_std.at(i) / in.inv_stds.at(i) - 1) <= 0x1p-51);
  }
}

/// Running statistics that are not tracked change no bit of the others.
inline void check_combine_untracked(Device device, DType dtype) {
  const CombineTensors in({3, 11, 7}, dtype);
  const BatchNormCombineTensors all = run_combine(device, in);
  const BatchNormCombineTensors run = std::move(run_combine(device, {in}, /*tracked=*/false)[0]);
  CHECK(run.mean.bits_equal(all.mean));
  CHECK(run.inv_std.bits_equal(all.inv_std));
}

}  // namespace lanet::test
