#include "kernels/add.h"

#include "kernels/add_ref.h"
#include "kernels/cuda_operations.h"
#include "kernels/dispatch.h"

namespace lanet {

void add(Context& context, const AddArgs& args) {
  LANET_REQUIRE(args.a, "a is absent");
  require_tensor(args.b, args.a.shape, args.a.dtype, "b");
  require_tensor(args.y, args.a.shape, args.a.dtype, "y");
  run_operation(
      context, "add",
      {.bytes = bytes_of({args.a, args.b, args.y}),
       .flops = static_cast<double>(args.y.elements())},
      [&] { add_cuda(context, args); },
      [&] { dispatch_float(args.a.dtype, [&]<typename T>() { add_ref<T>(args); }); });
}

void add_backward(Context& context, const AddBackwardArgs& args) {
  LANET_REQUIRE(args.dy, "dy is absent");
  if (args.da) require_tensor(args.da.tensor, args.dy.shape, args.dy.dtype, "da");
  if (args.db) require_tensor(args.db.tensor, args.dy.shape, args.dy.dtype, "db");
  run_operation(
      context, "add_backward",
      {.bytes = bytes_of({args.dy}) + bytes_of({args.da, args.db}),
       .flops = static_cast<double>(args.dy.elements())},
      [&] { add_backward_cuda(context, args); },
      [&] { dispatch_float(args.dy.dtype, [&]<typename T>() { add_backward_ref<T>(args); }); });
}

}  // namespace lanet
