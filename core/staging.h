// Memory through which the host hands a CUDA device one block of data after another, while the
// device works on the block before.
#pragma once

#include <memory>

#include "core/context.h"

namespace lanet {

/// For each block: fill host(), send(), take(). The block is then in current(), whose address never
/// changes, so that captured work can read it. Only on a CUDA device.
class Staging {
 public:
  Staging(Context& context, size_t bytes);
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;

  /// Pinned memory for the next block. Waits until the block before has been copied out of it.
  std::byte* host();
  /// Starts to copy host() to the device, beside the work on the context's stream.
  void send();
  /// Makes the block that was sent last the current one, in the order of the context's stream.
  void take();
  /// The current block, on the device.
  const Buffer& current() const { return current_; }

 private:
  Context& context_;
  Buffer arriving_, current_;
  using Owned = std::unique_ptr<void, void (*)(void*)>;
  Owned host_;     // released after the stream, whose end waits for its copies
  Owned stream_;   // of the copies to the device
  Owned arrived_;  // event: arriving_ has the block
  Owned taken_;    // event: arriving_ may be overwritten
};

}  // namespace lanet
