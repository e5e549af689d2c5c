// The code on the CPU of operations that have faster code there than their definition
// (`<op>_ref.h`). It takes arguments that are checked. Operations whose code shares more than its
// calls have a header of their own, `<op>_cpu.h`.
#pragma once

#include "core/context.h"

namespace lanet {

/// f32 and f64.
struct AdamArgs;
void adam_cpu(const AdamArgs& args);

/// f32 and bf16, without padding.
struct AdaptiveWingArgs;
void adaptive_wing_cpu(const AdaptiveWingArgs& args);

/// f32 and bf16.
struct BatchNormStatisticsArgs;
struct BatchNormApplyArgs;
struct BatchNormInferenceArgs;
struct BatchNormBackwardReduceArgs;
struct BatchNormBackwardApplyArgs;
void batch_norm_statistics_cpu(Context& context, const BatchNormStatisticsArgs& args);
void batch_norm_apply_cpu(const BatchNormApplyArgs& args);
void batch_norm_inference_cpu(const BatchNormInferenceArgs& args);
void batch_norm_backward_reduce_cpu(Context& context, const BatchNormBackwardReduceArgs& args);
void batch_norm_backward_apply_cpu(const BatchNormBackwardApplyArgs& args);
size_t batch_norm_cpu_workspace_bytes(const Shape& x);

/// f32 and bf16.
struct BatchNormMaxPoolArgs;
struct BatchNormMaxPoolBackwardReduceArgs;
struct BatchNormMaxPoolBackwardApplyArgs;
void batch_norm_max_pool_cpu(const BatchNormMaxPoolArgs& args);
void batch_norm_max_pool_backward_reduce_cpu(Context& context,
                                             const BatchNormMaxPoolBackwardReduceArgs& args);
void batch_norm_max_pool_backward_apply_cpu(const BatchNormMaxPoolBackwardApplyArgs& args);
size_t batch_norm_max_pool_cpu_workspace_bytes(const Shape& x);

/// All dtypes, both directions: `to` is y, or dx.
struct DropoutMask;
void dropout_cpu(const Tensor& from, const Gradient& to, const DropoutMask& mask);

/// f32 by oneDNN. False, and nothing done, for other dtypes and where it is not built in.
struct GemmArgs;
bool gemm_onednn(const GemmArgs& args);

/// f32 and f64: matrix products. (bf16 has only the definition.)
struct LinearArgs;
struct LinearBackwardArgs;
void linear_cpu(Context& context, const LinearArgs& args);
void linear_backward_cpu(Context& context, const LinearBackwardArgs& args);

/// f32 and bf16.
struct MaxPoolArgs;
struct MaxPoolBackwardArgs;
void max_pool_cpu(const MaxPoolArgs& args);
void max_pool_backward_cpu(const MaxPoolBackwardArgs& args);

}  // namespace lanet
