// Stands in front of core/cuda/start.h in the include path of the SIMT harness: runs the kernel
// here.
#pragma once

#include <tuple>
#include <utility>

#include "core/cuda/check.h"
#include "tests/simt/simt.h"

namespace lanet::cuda {

template <typename... Parameters>
void start(void (*kernel)(Parameters...), dim3 grid, dim3 block, size_t shared_bytes, cudaStream_t,
           std::tuple<Parameters...>& values) {
  struct Call {
    void (*kernel)(Parameters...);
    std::tuple<Parameters...>& values;
  } call{kernel, values};
  simt::run({.kernel = reinterpret_cast<const void*>(kernel),
             .grid = grid,
             .block = block,
             .shared_bytes = shared_bytes,
             .parameters = &values,
             .parameter_bytes = sizeof(values),
             .call = &call,
             .run_thread = [](const void* p) {
               const Call& c = *static_cast<const Call*>(p);
               [&]<size_t... I>(std::index_sequence<I...>) {
                 c.kernel(std::get<I>(c.values)...);
               }
               (std::index_sequence_for<Parameters...>());
             }});
}

}  // namespace lanet::cuda
