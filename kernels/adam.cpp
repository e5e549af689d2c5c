#include "kernels/adam.h"

#include "kernels/cpu_operations.h"
#include "kernels/cuda_operations.h"
#include "kernels/dispatch.h"

namespace lanet {

void adam(Context& context, const AdamArgs& args) {
  const Tensor& master = args.master;
  LANET_REQUIRE(master && master.shape.rank() == 1 &&
                    (master.dtype == DType::f32 || master.dtype == DType::f64),
                "master is {} {}", master.dtype, master.shape);
  const int64_t rounded = adam_rounded(args);
  LANET_REQUIRE(rounded % kAdamPack == 0 && rounded <= master.elements(),
                "rounded_gradient is {} of a master {}", args.rounded_gradient.shape, master.shape);
  if (rounded > 0)
    require_tensor(args.rounded_gradient, {rounded}, DType::bf16, "rounded_gradient");
  require_tensor(args.gradient, {master.elements() - rounded}, master.dtype, "gradient");
  require_tensor(args.first_moment, master.shape, master.dtype, "first_moment");
  require_tensor(args.second_moment, master.shape, master.dtype, "second_moment");
  require_tensor(args.step_values, {3}, DType::f64, "step_values");
  require_given("adam", {{"beta1", args.beta1}, {"beta2", args.beta2}, {"epsilon", args.epsilon}});
  LANET_REQUIRE(args.weight_decay >= 0, "weight_decay is {}", args.weight_decay);
  const bool decays = args.weight_decay != 0;
  if (decays) {
    const int64_t groups = (master.elements() + kAdamDecayGroup - 1) / kAdamDecayGroup;
    require_tensor(args.decayed, {groups}, DType::u8, "decayed");
  }
  if (args.shadow) require_tensor(args.shadow, master.shape, DType::bf16, "shadow");
  const Tensor& copy = args.momentum_copy;
  if (copy) {
    require_given("adam", {{"key_momentum", args.key_momentum}});
    LANET_REQUIRE(copy.dtype == master.dtype && copy.shape.rank() == 1 &&
                      copy.elements() <= master.elements(),
                  "momentum_copy is {} {} of a master {} {}", copy.dtype, copy.shape, master.dtype,
                  master.shape);
  }
  if (args.momentum_shadow)
    require_tensor(args.momentum_shadow, copy ? copy.shape : Shape{0}, DType::bf16,
                   "momentum_shadow");
  const double n = static_cast<double>(master.elements());
  const double followed = copy ? static_cast<double>(copy.elements()) : 0;
  run_operation(
      context, "adam",
      {.bytes = 2 * bytes_of({master, args.first_moment, args.second_moment, copy}) +
                bytes_of({args.rounded_gradient, args.gradient, args.shadow, args.momentum_shadow,
                          decays ? args.decayed : Tensor{}}),
       .flops = (decays ? 16 : 14) * n + 3 * followed},
      [&] { adam_cuda(context, args); }, [&] { adam_cpu(args); });
}

}  // namespace lanet
