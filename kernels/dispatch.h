// How an operation picks its code by device.
#pragma once

#include "core/context.h"

/// In `void op(Context&, const Args&)`: on a CUDA device runs `call` and returns from the
/// operation. In a build without CUDA such a context cannot exist, and the operation checks that.
#ifdef LANET_HAVE_CUDA
#define LANET_RUN_CUDA(context, call)                  \
  do {                                                 \
    if ((context).device() == ::lanet::Device::cuda) { \
      call;                                            \
      return;                                          \
    }                                                  \
  } while (false)
#else
#define LANET_RUN_CUDA(context, call) ::lanet::require_cpu((context), __func__)
#endif
