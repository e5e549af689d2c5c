// What train.dtype "auto" stands for.
#pragma once

#include <string>

#include "core/context.h"
#include "train/config/config.h"

namespace lanet {

/// Images per second that a training step takes on the CPU.
struct DTypeRates {
  double f32 = 0;
  double bf16 = 0;

  double ratio() const { return bf16 / f32; }
};

/// Times training steps on random pictures for half a second in each type: a plain network of
/// this backbone and image size, in batches of at most 16. threads: as of a Context.
/// Only where oneDNN has bf16; without it a step can take minutes.
DTypeRates measure_dtypes(const Config& config, int threads);

/// Replaces train.dtype "auto" by the type to train with on the context's device. On the CPU it is
/// bf16 if that is measured to be at least 1.05 times as fast as f32; on CUDA it is bf16 from
/// compute capability 8.0 on. Returns one line that says why; "" if the type was given.
std::string choose_dtype(Config& config, const Context& context);

}  // namespace lanet
