// Named ranges of the host's time, which NVIDIA's profilers show above what is launched in them.
// Usable without CUDA headers.
#pragma once

#include <string>

namespace lanet::cuda {

/// Opens a range, inside the one that this thread opened last if that is still open. Where no
/// profiler listens it costs some nanoseconds. In builds with CUDA alone; needs no device.
void push_range(const std::string& name);
/// Closes the range that this thread opened last.
void pop_range();

}  // namespace lanet::cuda
