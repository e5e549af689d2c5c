// What each operation of kernels/ does once its arguments are checked: one call that says under
// which name and at what cost it runs, and which code runs it on which device and for which dtype.
#pragma once

#include "core/operation.h"

namespace lanet {

/// Announces an operation to whoever watches the context (core/operation.h), and runs it: `on_cuda`
/// on a CUDA device, `on_cpu` on the CPU, neither on a context that only counts. Both take no
/// arguments. In a build without CUDA no context is on such a device, and what `on_cuda` calls is
/// in kernels/no_cuda.cpp.
template <typename OnCuda, typename OnCpu>
void run_operation(Context& context, const char* name, const Cost& cost, OnCuda&& on_cuda,
                   OnCpu&& on_cpu) {
  const Operation operation(context, name, cost);
  if (!operation.runs()) return;
  if (context.device() == Device::cuda)
    on_cuda();
  else
    on_cpu();
}

/// For operations with fast code on the CPU: calls `reference` for f64, `fast` for f32 and bf16.
template <typename Reference, typename Fast>
void dispatch_fast(DType dtype, Reference&& reference, Fast&& fast) {
  if (dtype == DType::f64)
    reference();
  else
    fast();
}

/// Within fast code: calls f.template operator()<T>() with the C++ type of f32 or bf16.
template <typename F>
void dispatch_narrow(DType dtype, F&& f) {
  if (dtype == DType::bf16)
    f.template operator()<bfloat16>();
  else
    f.template operator()<float>();
}

/// Where bf16 is not served: calls f.template operator()<T>() with the C++ type of f32 or f64.
template <typename F>
void dispatch_wide(DType dtype, F&& f) {
  if (dtype == DType::f64)
    f.template operator()<double>();
  else
    f.template operator()<float>();
}

}  // namespace lanet
