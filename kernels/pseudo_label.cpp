#include "kernels/pseudo_label.h"

#include "core/operation.h"
#include "kernels/dispatch.h"
#include "kernels/pseudo_label_ref.h"

namespace lanet {

void pseudo_label(Context& context, const PseudoLabelArgs& args) {
  LANET_REQUIRE(args.target && args.target.shape.rank() == 2 &&
                    (args.target.dtype == DType::f32 || args.target.dtype == DType::f64),
                "target is {} {}", args.target.dtype, args.target.shape);
  require_tensor(args.sample_indices, {args.target.shape[0]}, DType::i32, "sample_indices");
  require_tensor(args.labels, {args.target.shape[0]}, DType::i32, "labels");
  const Operation operation(context, "pseudo_label",
                            {.bytes = bytes_of({args.target, args.sample_indices, args.labels}),
                             .flops = static_cast<double>(args.target.elements())});
  if (!operation.runs()) return;
  LANET_RUN_CUDA(context, pseudo_label_cuda(context, args));
  if (args.target.dtype == DType::f64)
    pseudo_label_ref<double>(args);
  else
    pseudo_label_ref<float>(args);
}

}  // namespace lanet
