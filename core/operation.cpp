#include "core/operation.h"

#include <algorithm>

namespace lanet {

double floor_seconds(const Cost& cost, const Ceilings& ceilings) {
  double seconds = cost.bytes / ceilings.bytes_per_second;
  if (cost.product)
    seconds = std::max(seconds, cost.flops / (*cost.product == DType::bf16 ? ceilings.bf16_flops
                                                                           : ceilings.float_flops));
  return seconds;
}

void Context::enter(const std::string& owner, const char* kind, const char* pass) const {
  if (observer_) observer_->enter(owner, kind, pass);
}

Operation::Operation(Context& context, const char* name, const Cost& cost) : context_(context) {
  if (context_.operation_depth_++ == 0 && context_.observer())
    context_.observer()->begin(name, cost);
}

Operation::~Operation() {
  if (--context_.operation_depth_ == 0 && context_.observer()) context_.observer()->end();
}

}  // namespace lanet
