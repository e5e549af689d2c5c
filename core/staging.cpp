#include "core/staging.h"

#include "core/cuda/memory.h"

namespace lanet {

Staging::Staging(Context& context, size_t bytes)
    : context_(context),
      arriving_(context.allocate(bytes)),
      current_(context.allocate(bytes)),
      host_(cuda::allocate_pinned(bytes), cuda::release_pinned),
      stream_(cuda::create_stream(), cuda::destroy_stream),
      arrived_(cuda::create_event(), cuda::destroy_event),
      taken_(cuda::create_event(), cuda::destroy_event) {}

std::byte* Staging::host() {
  cuda::synchronize_event(arrived_.get());
  return static_cast<std::byte*>(host_.get());
}

void Staging::send() {
  cuda::wait_for(stream_.get(), taken_.get());
  cuda::copy(stream_.get(), arriving_.data(), host_.get(), arriving_.bytes());
  cuda::record(stream_.get(), arrived_.get());
}

void Staging::take() {
  void* stream = context_.stream();
  cuda::wait_for(stream, arrived_.get());
  cuda::copy(stream, current_.data(), arriving_.data(), current_.bytes());
  cuda::record(stream, taken_.get());
}

}  // namespace lanet
