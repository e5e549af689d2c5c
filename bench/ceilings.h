// What a device does at most, as measured on it.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "bench/timer.h"
#include "train/step_cost.h"

namespace lanet::bench {

/// The rates of a large copy and of large products, float32 (with TF32 if the context allows it)
/// and bf16, on this context's device: a convolution by oneDNN on the CPU, cuBLASLt on CUDA.
Ceilings measure_ceilings(Context& context);

/// {"bytes_per_second": …, "f32_product_flops": …, "bf16_product_flops": …}, a second each.
nlohmann::ordered_json to_json(const Ceilings& ceilings);
/// "copy 12.3 GB/s, products 0.140 TFLOP/s f32, 0.100 TFLOP/s bf16"
std::string describe(const Ceilings& ceilings);

}  // namespace lanet::bench
