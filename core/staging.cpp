#include "core/staging.h"

#include "core/cuda/memory.h"

namespace lanet {

Staging::Staging(Context& context, size_t bytes)
    : context_(context),
      arriving_(context.allocate(bytes)),
      current_(context.allocate(bytes)),
      host_(cuda::allocate_pinned(bytes)),
      stream_(cuda::create_stream()),
      arrived_(cuda::create_event()),
      taken_(cuda::create_event()) {}

Staging::~Staging() {
  cuda::destroy_event(taken_);
  cuda::destroy_event(arrived_);
  cuda::destroy_stream(stream_);
  cuda::release_pinned(host_);
}

std::byte* Staging::host() {
  cuda::synchronize_event(arrived_);
  return static_cast<std::byte*>(host_);
}

void Staging::send() {
  cuda::wait_for(stream_, taken_);
  cuda::copy(stream_, arriving_.data(), host_, arriving_.bytes());
  cuda::record(stream_, arrived_);
}

void Staging::take() {
  void* stream = context_.stream();
  cuda::wait_for(stream, arrived_);
  cuda::copy(stream, current_.data(), arriving_.data(), current_.bytes());
  cuda::record(stream, taken_);
}

}  // namespace lanet
