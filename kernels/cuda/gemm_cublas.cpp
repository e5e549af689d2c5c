// Matrix products by cuBLASLt.
#include <cublasLt.h>

#include "core/cuda/launch.h"
#include "core/cuda/libraries.h"
#include "kernels/cuda_operations.h"
#include "kernels/gemm.h"

namespace lanet {

namespace {

/// Descriptors that the library makes and destroys.
template <typename T, cublasStatus_t (*destroy)(T)>
struct Owned {
  T value = nullptr;

  Owned() = default;
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  ~Owned() {
    if (value) destroy(value);
  }
  operator T() const { return value; }
};
using Layout = Owned<cublasLtMatrixLayout_t, cublasLtMatrixLayoutDestroy>;
using Product = Owned<cublasLtMatmulDesc_t, cublasLtMatmulDescDestroy>;
using Preference = Owned<cublasLtMatmulPreference_t, cublasLtMatmulPreferenceDestroy>;

cudaDataType_t library_dtype(DType dtype) {
  return dtype == DType::f64 ? CUDA_R_64F : dtype == DType::bf16 ? CUDA_R_16BF : CUDA_R_32F;
}

cublasComputeType_t compute_type(const Context& context, DType dtype) {
  if (dtype == DType::f64) return CUBLAS_COMPUTE_64F;
  if (dtype == DType::f32 && context.tf32()) return CUBLAS_COMPUTE_32F_FAST_TF32;
  return CUBLAS_COMPUTE_32F;  // on f32 operands as they are; of bf16 ones products are exact
}

/// A row-major [rows, columns] is to the library, whose matrices are column-major, [columns, rows].
void make_layout(Layout& layout, const Tensor& matrix, int64_t rows, int64_t columns,
                 int64_t stride) {
  LANET_CUBLAS_CHECK(cublasLtMatrixLayoutCreate(&layout.value, library_dtype(matrix.dtype),
                                                static_cast<uint64_t>(columns),
                                                static_cast<uint64_t>(rows), stride));
}

void set(cublasLtMatmulDesc_t product, cublasLtMatmulDescAttributes_t attribute,
         cublasOperation_t operation) {
  LANET_CUBLAS_CHECK(
      cublasLtMatmulDescSetAttribute(product, attribute, &operation, sizeof operation));
}

template <typename T>
void set(cublasLtMatmulPreference_t preference, cublasLtMatmulPreferenceAttributes_t attribute,
         T value) {
  LANET_CUBLAS_CHECK(
      cublasLtMatmulPreferenceSetAttribute(preference, attribute, &value, sizeof value));
}

/// The largest power of two up to 256 that the matrix starts at a multiple of.
uint32_t alignment(const Tensor& matrix) {
  const auto address = reinterpret_cast<uintptr_t>(matrix.data) | 256;
  return static_cast<uint32_t>(address & -address);
}

std::string describe(const GemmArgs& args) {
  return fmt::format("{} [{}, {}]{} by [{}, {}]{} into {}{}, row strides {}, {}, {}", args.a.dtype,
                     args.m, args.k, args.transpose_a ? " (transposed)" : "", args.k, args.n,
                     args.transpose_b ? " (transposed)" : "", args.c.dtype,
                     args.add ? " (added)" : "", args.lda, args.ldb, args.ldc);
}

}  // namespace

// Row-major c = op(a)·op(b) is column-major cᵀ = op(b)ᵀ·op(a)ᵀ: the library's A is our b.
void gemm_cuda(Context& context, const GemmArgs& args) {
  const cuda::Libraries& libraries = *context.libraries();
  const bool in_double = args.a.dtype == DType::f64;
  Product product;
  LANET_CUBLAS_CHECK(cublasLtMatmulDescCreate(&product.value, compute_type(context, args.a.dtype),
                                              in_double ? CUDA_R_64F : CUDA_R_32F));
  set(product, CUBLASLT_MATMUL_DESC_TRANSA, args.transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N);
  set(product, CUBLASLT_MATMUL_DESC_TRANSB, args.transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N);
  Layout a, b, c;
  make_layout(a, args.a, args.transpose_a ? args.k : args.m, args.transpose_a ? args.m : args.k,
              args.lda);
  make_layout(b, args.b, args.transpose_b ? args.n : args.k, args.transpose_b ? args.k : args.n,
              args.ldb);
  make_layout(c, args.c, args.m, args.n, args.ldc);

  Preference preference;
  LANET_CUBLAS_CHECK(cublasLtMatmulPreferenceCreate(&preference.value));
  set(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
      uint64_t{libraries.product_workspace().bytes()});
  // Parts of a sum are kept in float and added up in one order.
  set(preference, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
      uint32_t{CUBLASLT_REDUCTION_SCHEME_NONE | CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE});
  set(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, alignment(args.b));
  set(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, alignment(args.a));
  set(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, alignment(args.c));
  set(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, alignment(args.c));

  // The same question has the same answer; the library remembers it.
  cublasLtMatmulHeuristicResult_t choice;
  int choices = 0;
  const cublasStatus_t status = cublasLtMatmulAlgoGetHeuristic(libraries.cublas(), product, b, a, c,
                                                               c, preference, 1, &choice, &choices);
  if (status != CUBLAS_STATUS_SUCCESS || choices == 0)
    throw Error(fmt::format("cuBLASLt: {}, nothing for the product of {}",
                            cublasLtGetStatusName(status), describe(args)));

  const double one = 1, added = args.add ? 1 : 0;
  const float one_float = 1, added_float = args.add ? 1 : 0;
  LANET_CUBLAS_CHECK(cublasLtMatmul(
      libraries.cublas(), product, in_double ? static_cast<const void*>(&one) : &one_float,
      args.b.data, b, args.a.data, a, in_double ? static_cast<const void*>(&added) : &added_float,
      args.c.data, c, args.c.data, c, &choice.algo, libraries.product_workspace().data(),
      libraries.product_workspace().bytes(), cuda::stream(context)));
}

}  // namespace lanet
