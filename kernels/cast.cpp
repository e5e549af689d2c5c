#include "kernels/cast.h"

#include "kernels/cast_ref.h"
#include "kernels/cuda_operations.h"
#include "kernels/dispatch.h"

namespace lanet {

void cast(Context& context, const CastArgs& args) {
  LANET_REQUIRE(args.from && args.to, "{} is absent", args.from ? "to" : "from");
  LANET_REQUIRE(args.from.shape == args.to.shape, "from {} to {}", args.from.shape, args.to.shape);
  run_operation(
      context, "cast", {.bytes = bytes_of({args.from, args.to})}, [&] { cast_cuda(context, args); },
      [&] {
        dispatch_float(args.from.dtype, [&]<typename From>() {
          dispatch_float(args.to.dtype, [&]<typename To>() { cast_ref<From, To>(args); });
        });
      });
}

}  // namespace lanet
