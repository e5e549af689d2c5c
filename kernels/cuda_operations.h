// The CUDA side of every operation: what its `<op>.cpp` calls on a CUDA device, once the arguments
// are checked. Each is defined in the `<op>.cu` of its name, gemm_cuda() in kernels/cuda/, all of
// them once more in kernels/no_cuda.cpp for builds without CUDA. Convolutions, which have plans,
// are in conv2d/conv2d_cuda.h. All dtypes of the operation, unless said otherwise.
#pragma once

#include <span>

#include "core/context.h"

namespace lanet {

struct AdamArgs;
void adam_cuda(Context& context, const AdamArgs& args);

struct AdaptiveWingArgs;
void adaptive_wing_cuda(Context& context, const AdaptiveWingArgs& args);
size_t adaptive_wing_cuda_workspace_bytes(const Shape& target);

struct AddArgs;
struct AddBackwardArgs;
void add_cuda(Context& context, const AddArgs& args);
void add_backward_cuda(Context& context, const AddBackwardArgs& args);

struct AugmentArgs;
struct NormalizeArgs;
void augment_cuda(Context& context, const AugmentArgs& args, void* workspace);
void normalize_cuda(Context& context, const NormalizeArgs& args);

// Statistics and backward_reduce are two launches for a whole group, the others one.
struct BatchNormStatisticsArgs;
struct BatchNormApplyArgs;
struct BatchNormInferenceArgs;
struct BatchNormBackwardReduceArgs;
struct BatchNormBackwardApplyArgs;
struct BatchNormCombineArgs;
void batch_norm_statistics_cuda(Context& context, std::span<const BatchNormStatisticsArgs> group);
void batch_norm_apply_cuda(Context& context, std::span<const BatchNormApplyArgs> group);
void batch_norm_inference_cuda(Context& context, const BatchNormInferenceArgs& args);
void batch_norm_backward_reduce_cuda(Context& context,
                                     std::span<const BatchNormBackwardReduceArgs> group);
void batch_norm_backward_apply_cuda(Context& context,
                                    std::span<const BatchNormBackwardApplyArgs> group);
size_t batch_norm_cuda_workspace_bytes(const Shape& x, int count);
void batch_norm_combine_cuda(Context& context, std::span<const BatchNormCombineArgs> group);

// backward_reduce is two launches, the others one.
struct BatchNormMaxPoolArgs;
struct BatchNormMaxPoolBackwardReduceArgs;
struct BatchNormMaxPoolBackwardApplyArgs;
void batch_norm_max_pool_cuda(Context& context, const BatchNormMaxPoolArgs& args);
void batch_norm_max_pool_backward_reduce_cuda(Context& context,
                                              const BatchNormMaxPoolBackwardReduceArgs& args);
void batch_norm_max_pool_backward_apply_cuda(Context& context,
                                             const BatchNormMaxPoolBackwardApplyArgs& args);
size_t batch_norm_max_pool_cuda_workspace_bytes(const Shape& x);

struct CastArgs;
void cast_cuda(Context& context, const CastArgs& args);

struct CountCorrectArgs;
void count_correct_cuda(Context& context, const CountCorrectArgs& args);

/// Both directions: `to` is y, or dx.
struct DropoutMask;
void dropout_cuda(Context& context, const Tensor& from, const Gradient& to,
                  const DropoutMask& mask);

struct EarlyLearningArgs;
void early_learning_cuda(Context& context, const EarlyLearningArgs& args);

struct GemmArgs;
void gemm_cuda(Context& context, const GemmArgs& args);

struct HeatmapArgs;
void heatmap_cuda(Context& context, const HeatmapArgs& args);

/// In bf16 dq is formed from bf16 weights of the bank's rows, summed in float.
struct InfoNceArgs;
void info_nce_cuda(Context& context, const InfoNceArgs& args, void* workspace);
size_t info_nce_cuda_workspace_bytes(int64_t queries, int64_t keys, int64_t width,
                                     int64_t bank_rows, DType dtype);

struct KlDivergenceArgs;
void kl_divergence_cuda(Context& context, const KlDivergenceArgs& args);

/// Uses no workspace. A row with NaN in it is last among the neighbours of every other.
struct KnnArgs;
void knn_cuda(Context& context, const KnnArgs& args);

/// f32 only.
struct KnnSetArgs;
void knn_set_cuda(Context& context, const KnnSetArgs& args, void* workspace);
size_t knn_set_cuda_workspace_bytes(int64_t queries, int64_t n, int64_t k, int orientations);

struct L2NormalizeArgs;
struct L2NormalizeBackwardArgs;
void l2_normalize_cuda(Context& context, const L2NormalizeArgs& args);
void l2_normalize_backward_cuda(Context& context, const L2NormalizeBackwardArgs& args);

struct LabelAggregateArgs;
struct LabelAggregateBackwardArgs;
void label_aggregate_cuda(Context& context, const LabelAggregateArgs& args);
void label_aggregate_backward_cuda(Context& context, const LabelAggregateBackwardArgs& args);

struct LabelBankStoreArgs;
void label_bank_store_cuda(Context& context, const LabelBankStoreArgs& args);

struct LabelPosteriorArgs;
void label_posterior_cuda(Context& context, const LabelPosteriorArgs& args);

struct LateralExpandArgs;
struct LateralContractArgs;
struct LateralGradientArgs;
void lateral_expand_cuda(Context& context, const LateralExpandArgs& args);
void lateral_contract_cuda(Context& context, const LateralContractArgs& args);
void lateral_gradient_cuda(Context& context, const LateralGradientArgs& args);

/// In bf16 the product is rounded before bias and ReLU as well.
struct LinearArgs;
struct LinearBackwardArgs;
void linear_cuda(Context& context, const LinearArgs& args);
void linear_backward_cuda(Context& context, const LinearBackwardArgs& args);

struct EnqueueArgs;
void memory_bank_enqueue_cuda(Context& context, const EnqueueArgs& args);

struct PairScoreArgs;
struct PairScoreBackwardArgs;
void pair_score_cuda(Context& context, const PairScoreArgs& args, void* workspace);
void pair_score_backward_cuda(Context& context, const PairScoreBackwardArgs& args, void* workspace);

struct MaxPoolArgs;
struct MaxPoolBackwardArgs;
struct GlobalAveragePoolArgs;
struct GlobalAveragePoolBackwardArgs;
void max_pool_cuda(Context& context, const MaxPoolArgs& args);
void max_pool_backward_cuda(Context& context, const MaxPoolBackwardArgs& args);
void global_average_pool_cuda(Context& context, std::span<const GlobalAveragePoolArgs> images);
void global_average_pool_backward_cuda(Context& context,
                                       std::span<const GlobalAveragePoolBackwardArgs> images);

struct PseudoLabelArgs;
void pseudo_label_cuda(Context& context, const PseudoLabelArgs& args);

struct SoftmaxCrossEntropyArgs;
void softmax_cross_entropy_cuda(Context& context, const SoftmaxCrossEntropyArgs& args);

struct StepTableArgs;
struct StepAdvanceArgs;
enum class TableDirection { load, store };
void step_table_cuda(Context& context, const StepTableArgs& args, TableDirection direction);
void step_advance_cuda(Context& context, const StepAdvanceArgs& args);

struct Upsample2xArgs;
struct Upsample2xBackwardArgs;
void upsample_2x_cuda(Context& context, const Upsample2xArgs& args);
void upsample_2x_backward_cuda(Context& context, const Upsample2xBackwardArgs& args);

}  // namespace lanet
