#include "kernels/batch_norm/batch_norm_combine.h"

#include "kernels/batch_norm/batch_norm_combine_ref.h"
#include "kernels/cuda_operations.h"
#include "kernels/dispatch.h"

namespace lanet {

void batch_norm_combine(Context& context, std::span<const BatchNormCombineArgs> group) {
  LANET_REQUIRE(!group.empty() && group.size() <= kMaxBatchNorms, "a group of {}; expected 1 to {}",
                group.size(), kMaxBatchNorms);
  const Shape shape = group[0].means.shape;
  const DType dtype = group[0].means.dtype;
  LANET_REQUIRE(group[0].means && shape.rank() == 2 && shape.elements() > 0 &&
                    (dtype == DType::f32 || dtype == DType::f64),
                "means is {} {}", dtype, shape);
  Cost cost;
  for (const BatchNormCombineArgs& args : group) {
    LANET_REQUIRE(args.rows > 0, "{} rows", args.rows);
    LANET_REQUIRE(bool(args.running_mean) == bool(args.running_var),
                  "one of running_mean and running_var is absent");
    require_tensor(args.means, shape, dtype, "means");
    require_tensor(args.inv_stds, shape, dtype, "inv_stds");
    require_tensor(args.mean, {shape[1]}, dtype, "mean");
    require_tensor(args.inv_std, {shape[1]}, dtype, "inv_std");
    if (args.running_mean) {
      require_tensor(args.running_mean, {shape[1]}, dtype, "running_mean");
      require_tensor(args.running_var, {shape[1]}, dtype, "running_var");
    }
    cost.bytes += bytes_of({args.means, args.inv_stds, args.mean, args.inv_std}) +
                  2 * bytes_of({args.running_mean, args.running_var});
    cost.flops += 7 * static_cast<double>(shape.elements());
  }
  run_operation(
      context, "batch_norm_combine", cost, [&] { batch_norm_combine_cuda(context, group); },
      [&] {
        for (const BatchNormCombineArgs& args : group) {
          dispatch_wide(dtype, [&]<typename T>() { batch_norm_combine_ref<T>(args); });
        }
      });
}

}  // namespace lanet
