#include "kernels/pseudo_label.h"

#include "kernels/cuda_operations.h"
#include "kernels/dispatch.h"
#include "kernels/pseudo_label_ref.h"

namespace lanet {

void pseudo_label(Context& context, const PseudoLabelArgs& args) {
  LANET_REQUIRE(args.target && args.target.shape.rank() == 2 &&
                    (args.target.dtype == DType::f32 || args.target.dtype == DType::f64),
                "target is {} {}", args.target.dtype, args.target.shape);
  require_tensor(args.sample_indices, {args.target.shape[0]}, DType::i32, "sample_indices");
  require_tensor(args.labels, {args.target.shape[0]}, DType::i32, "labels");
  require_given("pseudo_label", {{"threshold", args.threshold}});
  run_operation(
      context, "pseudo_label",
      {.bytes = bytes_of({args.target, args.sample_indices, args.labels}),
       .flops = static_cast<double>(args.target.elements())},
      [&] { pseudo_label_cuda(context, args); },
      [&] { dispatch_wide(args.target.dtype, [&]<typename T>() { pseudo_label_ref<T>(args); }); });
}

}  // namespace lanet
