// The contrastive loss on CUDA: logits of all queries against the whole bank by one product of the
// library, a block a query for everything that is done to its row, and two products for the
// gradient. The row is turned in place from logits into what the bank is weighted with.
#include "core/cuda/device.cuh"
#include "core/cuda/launch.h"
#include "kernels/cuda_operations.h"
#include "kernels/gemm.h"
#include "kernels/info_nce.h"
#include "kernels/info_nce_cuda.h"

namespace lanet {

namespace {
constexpr int kThreadsPerBlock = 512;
constexpr int kWarpsPerBlock = kThreadsPerBlock / 32;
constexpr unsigned kElementsPerBlock = 256;
}  // namespace

/// The sum of every thread's value, or with `largest` the largest, the same in each thread of the
/// block. All come here. `scratch` is free again when all have come to the next barrier.
template <typename A>
__device__ inline A block_reduce(A value, bool largest, A* scratch) {
  for (int offset = 16; offset > 0; offset >>= 1) {
    const A other = __shfl_xor_sync(0xFFFFFFFFu, value, offset);
    value = largest ? max(value, other) : value + other;
  }
  __syncthreads();
  if (threadIdx.x % 32 == 0) scratch[threadIdx.x / 32] = value;
  __syncthreads();
  value = scratch[0];
  for (int w = 1; w < kWarpsPerBlock; ++w)
    value = largest ? max(value, scratch[w]) : value + scratch[w];
  return value;
}

/// ln(1 + e^x), without overflow; 0 at −∞.
template <typename A>
__device__ inline A softplus_of(A x) {
  return max(x, A(0)) + log1p(exp(-fabs(x)));
}

template <typename A>
struct InfoNceRowKernelArgs {
  A* logits;  // [queries, rows], q·b; then dq's weights of the bank's rows, in T
  A* slopes;  // [queries, keys], q·k; then dq's weights of the keys, in T
  const int32_t *labels, *bank_labels;
  A* losses;  // [queries]
  int64_t first_row, queries, keys, rows;
  A inverse_temperature;
  A scale;  // of the gradient, over the temperature
  bool gradient_wanted;
};

/// Overwrites a row of A by values of T, of which as many fit at least: value(c, old) for each of
/// `count` elements. What a thread writes may be what another read in the same turn, not what one
/// is yet to read.
template <typename T, typename A, typename F>
__device__ inline void overwrite_row(A* row, int64_t count, F&& value) {
  static_assert(sizeof(T) <= sizeof(A));
  T* narrow = reinterpret_cast<T*>(row);
  for (int64_t start = 0; start < count; start += kThreadsPerBlock) {
    const int64_t c = start + threadIdx.x;
    const A weight = c < count ? value(c, row[c]) : A(0);
    __syncthreads();
    if (c < count) cuda::store(narrow + c, static_cast<accumulate_t<T>>(weight));
  }
  __syncthreads();
}

/// One block a query. T: the type of q.
template <typename T, typename A>
__global__ void __launch_bounds__(kThreadsPerBlock)
    info_nce_row_kernel(InfoNceRowKernelArgs<A> args) {
  __shared__ A scratch[kWarpsPerBlock];
  const int64_t query = blockIdx.x;
  const int32_t label = args.labels[args.first_row + query];
  A* logits = args.logits + query * args.rows;
  A* slopes = args.slopes + query * args.keys;
  auto is_negative = [&](int64_t m) { return args.bank_labels[m] != label; };

  A largest = -cuda::kInfinity<A>, total = 0;
  for (int64_t m = threadIdx.x; m < args.rows; m += kThreadsPerBlock)
    if (is_negative(m)) largest = max(largest, logits[m] * args.inverse_temperature);
  largest = block_reduce(largest, /*largest=*/true, scratch);
  for (int64_t m = threadIdx.x; m < args.rows; m += kThreadsPerBlock)
    if (is_negative(m)) total += exp(logits[m] * args.inverse_temperature - largest);
  total = block_reduce(total, /*largest=*/false, scratch);
  const A log_negatives = largest + log(total);  // −∞ without negatives

  A positives = 0;
  for (int64_t j = threadIdx.x; j < args.keys; j += kThreadsPerBlock)
    positives += args.labels[j] == label ? A(1) : A(0);
  positives = block_reduce(positives, /*largest=*/false, scratch);
  const A weight = 1 / (A(args.queries) * positives);

  A loss = 0, slope_sum = 0;
  for (int64_t j = threadIdx.x; j < args.keys; j += kThreadsPerBlock) {
    if (args.labels[j] != label) continue;
    const A x = log_negatives - slopes[j] * args.inverse_temperature;
    loss += weight * softplus_of(x);
    slope_sum += weight / (1 + exp(-x));
  }
  loss = block_reduce(loss, /*largest=*/false, scratch);
  slope_sum = block_reduce(slope_sum, /*largest=*/false, scratch);
  if (threadIdx.x == 0) args.losses[query] = loss;

  if (args.gradient_wanted) {  // of the launch
    const A factor = total > 0 ? args.scale * slope_sum / total : A(0);
    overwrite_row<T>(logits, args.rows, [&](int64_t m, A product) {
      return is_negative(m) ? factor * exp(product * args.inverse_temperature - largest) : A(0);
    });
    overwrite_row<T>(slopes, args.keys, [&](int64_t j, A product) {
      const A x = log_negatives - product * args.inverse_temperature;
      return args.labels[j] == label ? -args.scale * weight / (1 + exp(-x)) : A(0);
    });
  }
}

/// The sum of the queries' losses, by one warp.
template <typename A>
__global__ void info_nce_loss_kernel(const A* losses, A* loss, bool add, int64_t queries) {
  A sum = 0;
  for (int64_t i = threadIdx.x; i < queries; i += 32) sum += losses[i];
  sum = cuda::warp_sum(sum);
  if (threadIdx.x == 0) *loss = add ? *loss + sum : sum;
}

/// The gradient as it was summed, in float, into that of a bf16 query.
__global__ void info_nce_gradient_kernel(const float* sums, __nv_bfloat16* dq, bool add,
                                         int64_t elements) {
  const int64_t e = int64_t{blockIdx.x} * kElementsPerBlock + threadIdx.x;
  if (e < elements) cuda::store(dq + e, add ? cuda::load(dq + e) + sums[e] : sums[e]);
}

/// Rows of a bf16 bank as the queries' type.
template <typename T>
__global__ void info_nce_widen_kernel(const __nv_bfloat16* from, T* to, int64_t elements) {
  const int64_t e = int64_t{blockIdx.x} * kElementsPerBlock + threadIdx.x;
  if (e < elements) to[e] = static_cast<T>(cuda::load(from + e));
}

namespace {

/// One call: the arguments, and where each array lies in the workspace.
template <typename Host>
class InfoNce {
 public:
  InfoNce(Context& context, const InfoNceArgs& args, std::byte* workspace)
      : context_(context),
        args_(args),
        queries_(args.q.shape[0]),
        keys_(args.k.shape[0]),
        width_(args.q.shape[1]),
        rows_(args.bank.shape[0]) {
    const InfoNceCudaLayout layout(queries_, keys_, width_, rows_, args.q.dtype);
    auto at = [&](size_t offset, DType dtype) {
      return Tensor{workspace + offset, {}, dtype, context.device()};
    };
    logits_ = at(layout.logits, kSums);
    slopes_ = at(layout.slopes, kSums);
    losses_ = at(layout.losses, kSums);
    tile_ = at(layout.tile, args.q.dtype);
    const bool apart = args.q.dtype != kSums;
    gradient_ = apart ? at(layout.gradient, kSums) : args.dq.tensor;
    add_ = !apart && args.dq.add;
  }

  void run() {
    over_bank([&](const Tensor& bank, int64_t first, int64_t rows) {
      gemm(context_, {.m = queries_,
                      .n = rows,
                      .k = width_,
                      .a = args_.q,
                      .lda = width_,
                      .b = bank,
                      .ldb = width_,
                      .transpose_b = true,
                      .c = offset(logits_, first),
                      .ldc = rows_});
    });
    gemm(context_, {.m = queries_,
                    .n = keys_,
                    .k = width_,
                    .a = args_.q,
                    .lda = width_,
                    .b = args_.k,
                    .ldb = width_,
                    .transpose_b = true,
                    .c = slopes_,
                    .ldc = keys_});
    reduce_rows();
    if (args_.dq) write_gradient_of_q();
  }

 private:
  using T = cuda::device_t<Host>;
  using A = accumulate_t<Host>;
  static constexpr DType kSums = dtype_of<A>();

  /// Calls f with the bank in the queries' type: as a whole, or a tile after the other.
  template <typename F>
  void over_bank(F&& f) {
    if (args_.bank.dtype == args_.q.dtype) return f(args_.bank, 0, rows_);
    if constexpr (std::is_same_v<T, A>) {
      const int64_t tile = InfoNceCudaLayout::tile_rows(width_, rows_, args_.q.dtype);
      for (int64_t first = 0; first < rows_; first += tile) {
        const int64_t rows = std::min(tile, rows_ - first);
        const Tensor from = offset(args_.bank, first * width_);
        cuda::launch(info_nce_widen_kernel<T>,
                     dim3(cuda::blocks_for(rows * width_, kElementsPerBlock)),
                     dim3(kElementsPerBlock), 0, cuda::stream(context_),
                     static_cast<const __nv_bfloat16*>(from.data), static_cast<T*>(tile_.data),
                     rows * width_);
        f(tile_, first, rows);
      }
    }
  }

  void reduce_rows() {
    cuda::launch(
        info_nce_row_kernel<T, A>, dim3(cuda::blocks_for(queries_, 1)), dim3(kThreadsPerBlock), 0,
        cuda::stream(context_),
        InfoNceRowKernelArgs<A>{.logits = static_cast<A*>(logits_.data),
                                .slopes = static_cast<A*>(slopes_.data),
                                .labels = static_cast<const int32_t*>(args_.labels.data),
                                .bank_labels = static_cast<const int32_t*>(args_.bank_labels.data),
                                .losses = static_cast<A*>(losses_.data),
                                .first_row = args_.first_row,
                                .queries = queries_,
                                .keys = keys_,
                                .rows = rows_,
                                .inverse_temperature = A(1 / args_.temperature),
                                .scale = A(args_.scale / args_.temperature),
                                .gradient_wanted = static_cast<bool>(args_.dq)});
    cuda::launch(info_nce_loss_kernel<A>, dim3(1), dim3(32), 0, cuda::stream(context_),
                 static_cast<const A*>(losses_.data), static_cast<A*>(args_.loss.data),
                 args_.add_loss, queries_);
  }

  /// The weights are of T, in rows that are as long as those of A before them.
  void write_gradient_of_q() {
    constexpr int64_t kShrunk = sizeof(A) / sizeof(T);
    Tensor weights = logits_, key_weights = slopes_;
    weights.dtype = key_weights.dtype = args_.q.dtype;
    over_bank([&](const Tensor& bank, int64_t first, int64_t rows) {
      gemm(context_, {.m = queries_,
                      .n = width_,
                      .k = rows,
                      .a = offset(weights, first),
                      .lda = rows_ * kShrunk,
                      .b = bank,
                      .ldb = width_,
                      .c = gradient_,
                      .ldc = width_,
                      .add = add_ || first > 0});
    });
    gemm(context_, {.m = queries_,
                    .n = width_,
                    .k = keys_,
                    .a = key_weights,
                    .lda = keys_ * kShrunk,
                    .b = args_.k,
                    .ldb = width_,
                    .c = gradient_,
                    .ldc = width_,
                    .add = true});
    if constexpr (!std::is_same_v<T, A>) {
      cuda::launch(
          info_nce_gradient_kernel, dim3(cuda::blocks_for(queries_ * width_, kElementsPerBlock)),
          dim3(kElementsPerBlock), 0, cuda::stream(context_),
          static_cast<const float*>(gradient_.data),
          static_cast<__nv_bfloat16*>(args_.dq.tensor.data), args_.dq.add, queries_ * width_);
    }
  }

  Context& context_;
  const InfoNceArgs& args_;
  int64_t queries_, keys_, width_, rows_;
  Tensor logits_, slopes_, losses_, tile_, gradient_;
  bool add_;
};

}  // namespace

size_t info_nce_cuda_workspace_bytes(int64_t queries, int64_t keys, int64_t width,
                                     int64_t bank_rows, DType dtype) {
  return InfoNceCudaLayout(queries, keys, width, bank_rows, dtype).bytes;
}

void info_nce_cuda(Context& context, const InfoNceArgs& args, void* workspace) {
  dispatch_float(args.q.dtype, [&]<typename Host>() {
    InfoNce<Host>(context, args, static_cast<std::byte*>(workspace)).run();
  });
}

}  // namespace lanet
