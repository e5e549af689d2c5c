// In place of the CUDA side of the operations (cuda_operations.h, conv2d/conv2d_cuda.h) in a build
// without CUDA. No context is on a CUDA device there but one that only counts, which runs nothing.
#include "kernels/conv2d/conv2d_cuda.h"
#include "kernels/cuda_operations.h"

namespace lanet {

namespace {

[[noreturn]] void refuse(const char* name) {
  throw Error(fmt::format("{}: this program was built without CUDA", name));
}

}  // namespace

// clang-format off
void adam_cuda(Context&, const AdamArgs&) { refuse(__func__); }
void adaptive_wing_cuda(Context&, const AdaptiveWingArgs&) { refuse(__func__); }
void add_cuda(Context&, const AddArgs&) { refuse(__func__); }
void add_backward_cuda(Context&, const AddBackwardArgs&) { refuse(__func__); }
void augment_cuda(Context&, const AugmentArgs&, void*) { refuse(__func__); }
void normalize_cuda(Context&, const NormalizeArgs&) { refuse(__func__); }
void batch_norm_statistics_cuda(Context&, std::span<const BatchNormStatisticsArgs>) { refuse(__func__); }
void batch_norm_apply_cuda(Context&, std::span<const BatchNormApplyArgs>) { refuse(__func__); }
void batch_norm_inference_cuda(Context&, const BatchNormInferenceArgs&) { refuse(__func__); }
void batch_norm_backward_reduce_cuda(Context&, std::span<const BatchNormBackwardReduceArgs>) { refuse(__func__); }
void batch_norm_backward_apply_cuda(Context&, std::span<const BatchNormBackwardApplyArgs>) { refuse(__func__); }
void batch_norm_combine_cuda(Context&, std::span<const BatchNormCombineArgs>) { refuse(__func__); }
void batch_norm_max_pool_cuda(Context&, const BatchNormMaxPoolArgs&) { refuse(__func__); }
void batch_norm_max_pool_backward_reduce_cuda(Context&, const BatchNormMaxPoolBackwardReduceArgs&) { refuse(__func__); }
void batch_norm_max_pool_backward_apply_cuda(Context&, const BatchNormMaxPoolBackwardApplyArgs&) { refuse(__func__); }
void cast_cuda(Context&, const CastArgs&) { refuse(__func__); }
void count_correct_cuda(Context&, const CountCorrectArgs&) { refuse(__func__); }
void dropout_cuda(Context&, const Tensor&, const Gradient&, const DropoutMask&) { refuse(__func__); }
void early_learning_cuda(Context&, const EarlyLearningArgs&) { refuse(__func__); }
void gemm_cuda(Context&, const GemmArgs&) { refuse(__func__); }
void heatmap_cuda(Context&, const HeatmapArgs&) { refuse(__func__); }
void info_nce_cuda(Context&, const InfoNceArgs&, void*) { refuse(__func__); }
void kl_divergence_cuda(Context&, const KlDivergenceArgs&) { refuse(__func__); }
void knn_cuda(Context&, const KnnArgs&) { refuse(__func__); }
void knn_set_cuda(Context&, const KnnSetArgs&, void*) { refuse(__func__); }
void l2_normalize_cuda(Context&, const L2NormalizeArgs&) { refuse(__func__); }
void l2_normalize_backward_cuda(Context&, const L2NormalizeBackwardArgs&) { refuse(__func__); }
void label_aggregate_cuda(Context&, const LabelAggregateArgs&) { refuse(__func__); }
void label_aggregate_backward_cuda(Context&, const LabelAggregateBackwardArgs&) { refuse(__func__); }
void label_bank_store_cuda(Context&, const LabelBankStoreArgs&) { refuse(__func__); }
void label_posterior_cuda(Context&, const LabelPosteriorArgs&) { refuse(__func__); }
void lateral_expand_cuda(Context&, const LateralExpandArgs&) { refuse(__func__); }
void lateral_contract_cuda(Context&, const LateralContractArgs&) { refuse(__func__); }
void lateral_gradient_cuda(Context&, const LateralGradientArgs&) { refuse(__func__); }
void linear_cuda(Context&, const LinearArgs&) { refuse(__func__); }
void linear_backward_cuda(Context&, const LinearBackwardArgs&) { refuse(__func__); }
void memory_bank_enqueue_cuda(Context&, const EnqueueArgs&) { refuse(__func__); }
void pair_score_cuda(Context&, const PairScoreArgs&, void*) { refuse(__func__); }
void pair_score_backward_cuda(Context&, const PairScoreBackwardArgs&, void*) { refuse(__func__); }
void max_pool_cuda(Context&, const MaxPoolArgs&) { refuse(__func__); }
void max_pool_backward_cuda(Context&, const MaxPoolBackwardArgs&) { refuse(__func__); }
void global_average_pool_cuda(Context&, std::span<const GlobalAveragePoolArgs>) { refuse(__func__); }
void global_average_pool_backward_cuda(Context&, std::span<const GlobalAveragePoolBackwardArgs>) { refuse(__func__); }
void pseudo_label_cuda(Context&, const PseudoLabelArgs&) { refuse(__func__); }
void softmax_cross_entropy_cuda(Context&, const SoftmaxCrossEntropyArgs&) { refuse(__func__); }
void step_table_cuda(Context&, const StepTableArgs&, TableDirection) { refuse(__func__); }
void step_advance_cuda(Context&, const StepAdvanceArgs&) { refuse(__func__); }
void upsample_2x_cuda(Context&, const Upsample2xArgs&) { refuse(__func__); }
void upsample_2x_backward_cuda(Context&, const Upsample2xBackwardArgs&) { refuse(__func__); }

// No workspace is needed.
size_t adaptive_wing_cuda_workspace_bytes(const Shape&) { return 0; }
size_t batch_norm_cuda_workspace_bytes(const Shape&, int) { return 0; }
size_t batch_norm_max_pool_cuda_workspace_bytes(const Shape&) { return 0; }
size_t info_nce_cuda_workspace_bytes(int64_t, int64_t, int64_t, int64_t, DType) { return 0; }
size_t knn_set_cuda_workspace_bytes(int64_t, int64_t, int64_t, int) { return 0; }

struct CudaConv2d::Impl {};
CudaConv2d::CudaConv2d(Context&, const Conv2dShape&, bool, bool) { refuse(__func__); }
CudaConv2d::~CudaConv2d() = default;
size_t CudaConv2d::workspace_bytes() const { refuse(__func__); }
std::string CudaConv2d::description() const { refuse(__func__); }
void CudaConv2d::forward(Context&, const Conv2dArgs&) { refuse(__func__); }
void CudaConv2d::backward_data(Context&, const Conv2dBackwardDataArgs&) { refuse(__func__); }
void CudaConv2d::backward_weight(Context&, const Conv2dBackwardWeightArgs&) { refuse(__func__); }
void CudaConv2d::primitive_only(Context&, Conv2dPass, const Conv2dPrimitiveArgs&) { refuse(__func__); }
void request_conv2d_tuning_cuda(Context&, const Conv2dShape&, Conv2dPass, bool) { refuse(__func__); }
// clang-format on

}  // namespace lanet
