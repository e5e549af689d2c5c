// Where the loads and stores of instrumented kernels arrive.
#pragma once

#include <cstddef>

namespace lanet::simt {

/// `code` is where the call returns to.
void hook(const void* address, size_t bytes, bool write, const void* code);

}  // namespace lanet::simt
