#include "kernels/l2_normalize.h"

#include "kernels/cuda_operations.h"
#include "kernels/dispatch.h"
#include "kernels/l2_normalize_ref.h"

namespace lanet {

void l2_normalize(Context& context, const L2NormalizeArgs& args) {
  LANET_REQUIRE(args.x && args.x.shape.rank() == 2, "x is {}", args.x.shape);
  require_tensor(args.y, args.x.shape, args.x.dtype, "y");
  require_tensor(args.norm, {args.x.shape[0]}, accumulate_dtype(args.x.dtype), "norm");
  run_operation(
      context, "l2_normalize",
      {.bytes = bytes_of({args.x, args.y, args.norm}),
       .flops = 3 * static_cast<double>(args.x.elements())},
      [&] { l2_normalize_cuda(context, args); },
      [&] { dispatch_float(args.x.dtype, [&]<typename T>() { l2_normalize_ref<T>(args); }); });
}

void l2_normalize_backward(Context& context, const L2NormalizeBackwardArgs& args) {
  LANET_REQUIRE(args.y && args.y.shape.rank() == 2, "y is {}", args.y.shape);
  require_tensor(args.norm, {args.y.shape[0]}, accumulate_dtype(args.y.dtype), "norm");
  require_tensor(args.dy, args.y.shape, args.y.dtype, "dy");
  require_tensor(args.dx.tensor, args.y.shape, args.y.dtype, "dx");
  run_operation(
      context, "l2_normalize_backward",
      {.bytes = bytes_of({args.y, args.norm, args.dy}) + bytes_of({args.dx}),
       .flops = 5 * static_cast<double>(args.y.elements())},
      [&] { l2_normalize_backward_cuda(context, args); },
      [&] {
        dispatch_float(args.y.dtype, [&]<typename T>() { l2_normalize_backward_ref<T>(args); });
      });
}

}  // namespace lanet
