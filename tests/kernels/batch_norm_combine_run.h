// What the tests of batch_norm_combine on every device compute with: an image that is cut into the
// rows of each rank, and its statistics.
#pragma once

#include "kernels/batch_norm/batch_norm_combine.h"
#include "kernels/batch_norm/batch_norm_combine_cases.h"
#include "tests/device_test.h"
#include "tests/op_test.h"

namespace lanet::test {

/// What either way to the statistics of the whole image leaves.
struct CombinedRun {
  OwnedTensor mean, inv_std, running_mean, running_var;

  CombinedRun(const OwnedTensor& running_mean_, const OwnedTensor& running_var_)
      : mean(running_mean_.shape(), running_mean_.dtype()),
        inv_std(running_mean_.shape(), running_mean_.dtype()),
        running_mean(running_mean_),
        running_var(running_var_) {}
  bool bits_equal(const CombinedRun& other) const {
    return mean.bits_equal(other.mean) && inv_std.bits_equal(other.inv_std) &&
           running_mean.bits_equal(other.running_mean) && running_var.bits_equal(other.running_var);
  }
};

struct CombineInputs {
  BatchNormCombineCase size;
  OwnedTensor x;  // [ranks · rows, C]
  OwnedTensor running_mean, running_var;
  OwnedTensor means, inv_stds;  // of each rank's rows

  /// Channels take turns: of its own mean on each rank; of a mean far larger than the deviation;
  /// constant; constant on each rank.
  CombineInputs(const BatchNormCombineCase& c, DType dtype, uint32_t seed = 1)
      : size(c),
        x(OwnedTensor::random({c.ranks * c.rows, c.channels}, dtype, seed, -1, 2)),
        running_mean(OwnedTensor::random({c.channels}, dtype, seed + 1)),
        running_var(OwnedTensor::random({c.channels}, dtype, seed + 2, 0.5, 2)),
        means({c.ranks, c.channels}, dtype),
        inv_stds({c.ranks, c.channels}, dtype) {
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

/// Combines a group; tracked: with running statistics.
inline std::vector<CombinedRun> run_combine(Device device, const std::vector<CombineInputs>& group,
                                            bool tracked = true) {
  Context context(device);
  struct Member {
    OwnedTensor means, inv_stds, mean, inv_std, running_mean, running_var;
  };
  std::vector<Member> members;
  members.reserve(group.size());
  for (const CombineInputs& in : group) {
    const CombinedRun start(in.running_mean, in.running_var);
    members.push_back({{context, in.means},
                       {context, in.inv_stds},
                       {context, start.mean},
                       {context, start.inv_std},
                       {context, start.running_mean},
                       {context, start.running_var}});
  }
  std::vector<BatchNormCombineArgs> args;
  for (size_t i = 0; i < group.size(); ++i) {
    const Member& m = members[i];
    args.push_back({.means = m.means,
                    .inv_stds = m.inv_stds,
                    .rows = group[i].size.rows,
                    .mean = m.mean,
                    .inv_std = m.inv_std,
                    .running_mean = tracked ? m.running_mean.tensor() : Tensor{},
                    .running_var = tracked ? m.running_var.tensor() : Tensor{}});
  }
  batch_norm_combine(context, args);
  std::vector<CombinedRun> runs;
  for (size_t i = 0; i < group.size(); ++i) {
    const Member& m = members[i];
    CombinedRun& run = runs.emplace_back(group[i].running_mean, group[i].running_var);
    run.mean = m.mean.download();
    run.inv_std = m.inv_std.download();
    run.running_mean = m.running_mean.download();
    run.running_var = m.running_var.download();
  }
  return runs;
}
inline CombinedRun run_combine(Device device, const CombineInputs& in) {
  return std::move(run_combine(device, std::vector{in})[0]);
}

/// The statistics of the image as a whole, in double.
inline CombinedRun whole_statistics(const CombineInputs& in) {
  CombinedRun run(in.running_mean.cast(DType::f64), in.running_var.cast(DType::f64));
  const OwnedTensor x = in.x.cast(DType::f64);
  Context context;
  batch_norm_statistics(context, {.x = x,
                                  .mean = run.mean,
                                  .inv_std = run.inv_std,
                                  .running_mean = run.running_mean,
                                  .running_var = run.running_var});
  return run;
}

/// The parts' statistics combined are those of the whole image, up to rounding; twice the same
/// bits.
inline void check_combine(Device device, const BatchNormCombineCase& c, DType dtype) {
  CAPTURE(to_string(dtype));
  CAPTURE(c.ranks);
  CAPTURE(c.channels);
  const CombineInputs in(c, dtype);
  const CombinedRun combined = run_combine(device, in), whole = whole_statistics(in);
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
  CHECK(run_combine(device, in).bits_equal(combined));
}

/// A group gives each member the bits that it has by itself.
inline void check_combine_group(Device device, const BatchNormCombineCase& c, DType dtype,
                                uint32_t count) {
  std::vector<CombineInputs> group;
  for (uint32_t i = 0; i < count; ++i) group.emplace_back(c, dtype, 1 + 10 * i);
  const auto together = run_combine(device, group);
  for (size_t i = 0; i < group.size(); ++i)
    CHECK(together[i].bits_equal(run_combine(device, group[i])));
}

/// Of one rank mean and inv_std are what they were.
inline void check_combine_one(Device device, DType dtype) {
  const CombineInputs in({1, 9, 7}, dtype);
  const CombinedRun run = run_combine(device, in);
  for (int64_t i = 0; i < in.size.channels; ++i) {
    CHECK(run.mean.at(i) == in.means.at(i));
    CHECK(std::abs(run.inv_std.at(i) / in.inv_stds.at(i) - 1) <= 0x1p-51);
  }
}

/// Running statistics that are not tracked change no bit of the others.
inline void check_combine_untracked(Device device, DType dtype) {
  const CombineInputs in({3, 11, 7}, dtype);
  const CombinedRun all = run_combine(device, in);
  const CombinedRun run = std::move(run_combine(device, {in}, /*tracked=*/false)[0]);
  CHECK(run.mean.bits_equal(all.mean));
  CHECK(run.inv_std.bits_equal(all.inv_std));
}

}  // namespace lanet::test
