// Pair scores on CUDA: the products by the library, between them the chosen pairs.
#include "core/cuda/device.cuh"
#include "core/cuda/launch.h"
#include "kernels/column_sums.cuh"
#include "kernels/matrix_product.h"
#include "kernels/pair_score.h"

namespace lanet {

namespace {
constexpr unsigned kThreadsPerBlock = 128;
constexpr unsigned kWarpsPerBlock = 4;
constexpr int kColumns = 32, kRows = 16;  // of a block that sums over pairs
}  // namespace

/// x0 of each pair. The first layer's products: own: [num_rows, width], with the first half of the
/// row of each pair; other: [n, width], with the second half of each row.
template <typename A>
__global__ void pair_score_hidden_kernel(const A* own, const A* other, const int32_t* indices,
                                         const A* bias0, A* hidden0, int64_t k, int64_t width) {
  const int64_t pair = blockIdx.x;
  const A* from_own = own + pair / k * width;
  const A* from_other = other + indices[pair] * width;
  for (int64_t c = threadIdx.x; c < width; c += blockDim.x) {
    const A sum = from_own[c] + from_other[c] + bias0[c];
    hidden0[pair * width + c] = sum < 0 ? A(0) : sum;
  }
}

/// hidden2: the product W2·x0, becomes x2. One warp a pair.
template <typename A>
__global__ void pair_score_kernel(A* hidden2, const A* bias2, const A* weight4, const A* bias4,
                                  A* scores, int64_t pairs, int64_t width) {
  const int64_t pair = int64_t{blockIdx.x} * kWarpsPerBlock + threadIdx.x / 32;
  const unsigned lane = threadIdx.x % 32;
  A z = 0;  // z[0] − z[1]
  if (pair < pairs) {
    for (int64_t c = lane; c < width; c += 32) {
      A& x2 = hidden2[pair * width + c];
      const A sum = x2 + bias2[c];
      x2 = sum < 0 ? A(0) : sum;
      z += x2 * (weight4[c] - weight4[width + c]);
    }
  }
  z = cuda::warp_sum(z);
  if (pair < pairs && lane == 0) scores[pair] = 1 / (1 + exp(bias4[1] - bias4[0] - z));
}

template <typename A>
struct PairScoreLastKernelArgs {
  const A *scores, *dscores, *hidden2, *weight4;
  A* dx2;                         // [pairs, width], gradient of W2·x0 + bias2
  A *dweight4, *dbias4, *dbias2;  // null: not wanted
  bool add_weight4, add_bias4, add_bias2;
  int64_t pairs, width;
};

/// The last layer backward: x2's gradient behind its ReLU, and the sums over pairs that need no
/// product. A block has kColumns columns; each thread sums every kRows-th pair of one.
template <typename A>
__global__ void pair_score_last_backward_kernel(PairScoreLastKernelArgs<A> args) {
  __shared__ A partial[3][kRows][kColumns];
  const int64_t width = args.width, column = int64_t{blockIdx.x} * kColumns + threadIdx.x;
  A of_weight = 0, of_bias2 = 0, of_bias4 = 0;
  for (int64_t pair = threadIdx.y; pair < args.pairs; pair += kRows) {
    const A score = args.scores[pair];
    const A dz = args.dscores[pair] * score * (1 - score);  // of z[0]; of z[1]: −dz
    of_bias4 += dz;
    if (column >= width) continue;
    const A x2 = args.hidden2[pair * width + column];
    const A dx2 = x2 > 0 ? dz * (args.weight4[column] - args.weight4[width + column]) : A(0);
    args.dx2[pair * width + column] = dx2;
    of_weight += dz * x2;
    of_bias2 += dx2;
  }
  partial[0][threadIdx.y][threadIdx.x] = of_weight;
  partial[1][threadIdx.y][threadIdx.x] = of_bias2;
  partial[2][threadIdx.y][threadIdx.x] = of_bias4;
  __syncthreads();
  if (threadIdx.y != 0 || column >= width) return;
  for (int r = 1; r < kRows; ++r) {
    of_weight += partial[0][r][threadIdx.x];
    of_bias2 += partial[1][r][threadIdx.x];
    of_bias4 += partial[2][r][threadIdx.x];
  }
  auto write = [](A* place, A value, bool add) { *place = add ? *place + value : value; };
  if (args.dweight4) {
    write(args.dweight4 + column, of_weight, args.add_weight4);
    write(args.dweight4 + width + column, -of_weight, args.add_weight4);
  }
  if (args.dbias2) write(args.dbias2 + column, of_bias2, args.add_bias2);
  if (args.dbias4 && column == 0) {
    write(args.dbias4, of_bias4, args.add_bias4);
    write(args.dbias4 + 1, -of_bias4, args.add_bias4);
  }
}

/// From the gradient of each pair's first layer to those of its two halves, once a sample: own[i]
/// sums over the pairs of i, other[i] over the pairs that chose i. The first pairs are those of
/// sample first_row. A thread gathers from the pairs in their order: no two threads write one
/// place.
template <typename A>
__global__ void pair_score_gather_kernel(const A* dx0, const A* hidden0, const int32_t* indices,
                                         A* own, A* other, int64_t first_row, int64_t num_rows,
                                         int64_t k, int64_t width) {
  const int64_t sample = blockIdx.y;
  const int64_t column = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (column >= width) return;
  auto behind_relu = [&](int64_t pair) {
    const int64_t e = pair * width + column;
    return hidden0[e] > 0 ? dx0[e] : A(0);
  };
  A of_own = 0, of_other = 0;
  const int64_t row = sample - first_row;
  if (row >= 0 && row < num_rows)
    for (int64_t pair = row * k; pair < (row + 1) * k; ++pair) of_own += behind_relu(pair);
  for (int64_t pair = 0; pair < num_rows * k; ++pair)
    if (indices[pair] == sample) of_other += behind_relu(pair);
  own[sample * width + column] = of_own;
  other[sample * width + column] = of_other;
}

namespace {

template <typename A>
void pair_score_on_device(Context& context, const PairScoreArgs& args, A* workspace) {
  const int64_t n = args.h.shape[0], d = args.h.shape[1], k = args.indices.shape[1];
  const int64_t half = d / 2, quarter = d / 4, num_rows = args.indices.shape[0];
  const int64_t pairs = num_rows * k;
  const A *h = args.h.as<A>(), *w0 = args.weight0.as<A>();
  A *x0 = args.hidden0.as<A>(), *x2 = args.hidden2.as<A>();
  A* own = workspace;         // [num_rows, half]: Wa·a_i
  A* other = own + n * half;  // [n, half]: Wb·b_j
  matrix_product<A>(context, num_rows, half, half, {h + args.first_row * d, d}, {w0, d, true}, own,
                    half);
  matrix_product<A>(context, n, half, half, {h + half, d}, {w0 + half, d, true}, other, half);
  cuda::launch(pair_score_hidden_kernel<A>, dim3(cuda::blocks_for(pairs, 1)),
               dim3(kThreadsPerBlock), 0, cuda::stream(context), own, other,
               args.indices.as<int32_t>(), args.bias0.as<A>(), x0, k, half);
  matrix_product<A>(context, pairs, quarter, half, {x0, half}, {args.weight2.as<A>(), half, true},
                    x2, quarter);
  cuda::launch(pair_score_kernel<A>, dim3(cuda::blocks_for(pairs, kWarpsPerBlock)),
               dim3(32 * kWarpsPerBlock), 0, cuda::stream(context), x2, args.bias2.as<A>(),
               args.weight4.as<A>(), args.bias4.as<A>(), args.scores.as<A>(), pairs, quarter);
}

template <typename A>
void pair_score_backward_on_device(Context& context, const PairScoreBackwardArgs& args,
                                   A* workspace) {
  const int64_t n = args.h.shape[0], d = args.h.shape[1], k = args.indices.shape[1];
  const int64_t half = d / 2, quarter = d / 4, num_rows = args.indices.shape[0];
  const int64_t pairs = num_rows * k;
  const A *h = args.h.as<A>(), *w0 = args.weight0.as<A>(), *w2 = args.weight2.as<A>();
  const A* x0 = args.hidden0.as<A>();
  A* own = workspace;           // [n, half]: gradient of Wa·a_i
  A* other = own + n * half;    // [n, half]: gradient of Wb·b_i
  A* dx0 = other + n * half;    // [pairs, half]
  A* dx2 = dx0 + pairs * half;  // [pairs, quarter]

  cuda::launch(pair_score_last_backward_kernel<A>, dim3(cuda::blocks_for(quarter, kColumns)),
               dim3(kColumns, kRows), 0, cuda::stream(context),
               PairScoreLastKernelArgs<A>{.scores = args.scores.as<A>(),
                                          .dscores = args.dscores.as<A>(),
                                          .hidden2 = args.hidden2.as<A>(),
                                          .weight4 = args.weight4.as<A>(),
                                          .dx2 = dx2,
                                          .dweight4 = static_cast<A*>(args.dweight4.tensor.data),
                                          .dbias4 = static_cast<A*>(args.dbias4.tensor.data),
                                          .dbias2 = static_cast<A*>(args.dbias2.tensor.data),
                                          .add_weight4 = args.dweight4.add,
                                          .add_bias4 = args.dbias4.add,
                                          .add_bias2 = args.dbias2.add,
                                          .pairs = pairs,
                                          .width = quarter});
  if (args.dweight2)
    matrix_product<A>(context, quarter, half, pairs, {dx2, quarter, true}, {x0, half},
                      args.dweight2.tensor.as<A>(), half, args.dweight2.add);
  matrix_product<A>(context, pairs, half, quarter, {dx2, quarter}, {w2, half}, dx0, half);
  cuda::launch(pair_score_gather_kernel<A>,
               dim3(cuda::blocks_for(half, kThreadsPerBlock), cuda::blocks_for(n, 1)),
               dim3(kThreadsPerBlock), 0, cuda::stream(context), dx0, x0,
               args.indices.as<int32_t>(), own, other, args.first_row, num_rows, k, half);
  column_sums<A>(context, own, n, half, args.dbias0);
  for (const auto& [dy, column] : {std::pair{own, int64_t{0}}, std::pair{other, half}}) {
    if (args.dweight0)
      matrix_product<A>(context, half, half, n, {dy, half, true}, {h + column, d},
                        args.dweight0.tensor.as<A>() + column, d, args.dweight0.add);
    if (args.dh)
      matrix_product<A>(context, n, half, half, {dy, half}, {w0 + column, d},
                        args.dh.tensor.as<A>() + column, d, args.dh.add);
  }
}

}  // namespace

void pair_score_cuda(Context& context, const PairScoreArgs& args, void* workspace) {
  if (args.h.dtype == DType::f64)
    pair_score_on_device<double>(context, args, static_cast<double*>(workspace));
  else
    pair_score_on_device<float>(context, args, static_cast<float*>(workspace));
}

void pair_score_backward_cuda(Context& context, const PairScoreBackwardArgs& args,
                              void* workspace) {
  if (args.h.dtype == DType::f64)
    pair_score_backward_on_device<double>(context, args, static_cast<double*>(workspace));
  else
    pair_score_backward_on_device<float>(context, args, static_cast<float*>(workspace));
}

}  // namespace lanet
