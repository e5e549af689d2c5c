#include "kernels/cast.h"

#include "core/operation.h"
#include "kernels/cast_ref.h"
#include "kernels/dispatch.h"

namespace lanet {

void cast(Context& context, const CastArgs& args) {
  LANET_REQUIRE(args.from && args.to, "{} is absent", args.from ? "to" : "from");
  LANET_REQUIRE(args.from.shape == args.to.shape, "from {} to {}", args.from.shape, args.to.shape);
  const Operation operation(context, "cast", {.bytes = bytes_of({args.from, args.to})});
  if (!operation.runs()) return;
  LANET_RUN_CUDA(context, cast_cuda(context, args));
  dispatch_float(args.from.dtype, [&]<typename From>() {
    dispatch_float(args.to.dtype, [&]<typename To>() { cast_ref<From, To>(args); });
  });
}

}  // namespace lanet
