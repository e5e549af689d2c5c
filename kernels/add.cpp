#include "kernels/add.h"

#include "kernels/add_ref.h"
#include "kernels/dispatch.h"

namespace lanet {

void add(Context& context, const AddArgs& args) {
  LANET_REQUIRE(args.a, "a is absent");
  require_tensor(args.b, args.a.shape, args.a.dtype, "b");
  require_tensor(args.y, args.a.shape, args.a.dtype, "y");
  LANET_RUN_CUDA(context, add_cuda(context, args));
  dispatch_float(args.a.dtype, [&]<typename T>() { add_ref<T>(args); });
}

void add_backward(Context& context, const AddBackwardArgs& args) {
  LANET_REQUIRE(args.dy, "dy is absent");
  if (args.da) require_tensor(args.da.tensor, args.dy.shape, args.dy.dtype, "da");
  if (args.db) require_tensor(args.db.tensor, args.dy.shape, args.dy.dtype, "db");
  LANET_RUN_CUDA(context, add_backward_cuda(context, args));
  dispatch_float(args.dy.dtype, [&]<typename T>() { add_backward_ref<T>(args); });
}

}  // namespace lanet
