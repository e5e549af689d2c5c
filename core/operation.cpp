#include "core/operation.h"

namespace lanet {

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
