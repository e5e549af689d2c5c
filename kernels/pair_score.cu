// Pair scores on CUDA: the products by the library, between them the chosen pairs.
#include "core/cuda/device.cuh"
#include "core/cuda/launch.h"
#include "kernels/column_sums.cuh"
#include "kernels/cuda_operations.h"
#include "kernels/dispatch.h"
#include "kernels/matrix_product.h"
#include "kernels/pair_score.h"

namespace lanet {

namespace {
constexpr unsigned kThreadsPerBlock = 128;
constexpr unsigned kWarpsPerBlock = 4;
constexpr int kColumns = 32, kRows = 16;  // of a block that sums over pairs
constexpr int kPairsAtOnce = 8;           // that a thread of such a block reads before it adds them
constexpr unsigned kGatherThreads = 128;
constexpr unsigned kGatherRounds = 8;  // pairs that a thread looks at together
constexpr unsigned kGatherPairs = kGatherRounds * kGatherThreads;
constexpr unsigned kGatherWords = kGatherPairs / 32;
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
  const A weight = column < width ? args.weight4[column] - args.weight4[width + column] : A(0);
  for (int64_t first = threadIdx.y; first < args.pairs; first += kPairsAtOnce * kRows) {
    A score[kPairsAtOnce], dscore[kPairsAtOnce], x2[kPairsAtOnce];
#pragma unroll
    for (int p = 0; p < kPairsAtOnce; ++p) {
      // Past the end nothing is read, and the zeros change no sum.
      const int64_t pair = first + p * kRows;
      score[p] = pair < args.pairs ? args.scores[pair] : A(0);
      dscore[p] = pair < args.pairs ? args.dscores[pair] : A(0);
      x2[p] = pair < args.pairs && column < width ? args.hidden2[pair * width + column] : A(0);
    }
#pragma unroll
    for (int p = 0; p < kPairsAtOnce; ++p) {
      const int64_t pair = first + p * kRows;
      const A dz = dscore[p] * score[p] * (1 - score[p]);  // of z[0]; of z[1]: −dz
      const A dx2 = x2[p] > 0 ? dz * weight : A(0);
      of_bias4 += dz;
      of_weight += dz * x2[p];
      of_bias2 += dx2;
      if (pair < args.pairs && column < width) args.dx2[pair * width + column] = dx2;
    }
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
/// sample first_row. A block has kGatherThreads columns of one sample. Its warps look for the pairs
/// that chose the sample, each lane at another pair, and list them in order; a thread then sums its
/// column over the list: no two threads write one place.
template <typename A>
__global__ void __launch_bounds__(kGatherThreads)
    pair_score_gather_kernel(const A* dx0, const A* hidden0, const int32_t* indices, A* own,
                             A* other, int64_t first_row, int64_t num_rows, int64_t k,
                             int64_t width) {
  __shared__ unsigned chose[kGatherWords];  // a bit for each of the pairs that are looked at
  __shared__ int list[kGatherPairs];
  __shared__ int listed;
  const unsigned warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const int64_t sample = blockIdx.y, row = sample - first_row, pairs = num_rows * k;
  const int64_t column = int64_t{blockIdx.x} * kGatherThreads + threadIdx.x;
  const auto through_relu = [&](int64_t pair) {
    const int64_t e = pair * width + column;
    const A hidden = hidden0[e], gradient = dx0[e];
    return hidden > 0 ? gradient : A(0);
  };
  A of_own = 0, of_other = 0;
  if (row >= 0 && row < num_rows && column < width) {
#pragma unroll 8
    for (int64_t pair = row * k; pair < (row + 1) * k; ++pair) of_own += through_relu(pair);
  }
  for (int64_t first = 0; first < pairs; first += kGatherPairs) {
    int32_t chosen[kGatherRounds];
#pragma unroll
    for (unsigned round = 0; round < kGatherRounds; ++round) {
      const int64_t pair = first + round * kGatherThreads + threadIdx.x;
      chosen[round] = pair < pairs ? indices[pair] : -1;
    }
#pragma unroll
    for (unsigned round = 0; round < kGatherRounds; ++round) {
      const unsigned lanes = __ballot_sync(0xFFFFFFFFu, chosen[round] == sample);
      if (lane == 0) chose[round * (kGatherThreads / 32) + warp] = lanes;
    }
    __syncthreads();
    if (threadIdx.x < kGatherWords) {  // one thread per word: its pairs follow the earlier ones
      int place = 0;
      for (unsigned word = 0; word < threadIdx.x; ++word) place += __popc(chose[word]);
      for (unsigned left = chose[threadIdx.x]; left != 0; left &= left - 1)
        list[place++] = static_cast<int>(32 * threadIdx.x) + __ffs(static_cast<int>(left)) - 1;
      if (threadIdx.x == kGatherWords - 1) listed = place;
    }
    __syncthreads();
    if (column < width) {
#pragma unroll 4
      for (int i = 0; i < listed; ++i) of_other += through_relu(first + list[i]);
    }
    // The next round's first barrier keeps its list from being written before this one is read.
  }
  if (column >= width) return;
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
               dim3(cuda::blocks_for(half, kGatherThreads), cuda::blocks_for(n, 1)),
               dim3(kGatherThreads), 0, cuda::stream(context), dx0, x0, args.indices.as<int32_t>(),
               own, other, args.first_row, num_rows, k, half);
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
  dispatch_wide(args.h.dtype, [&]<typename A>() {
    pair_score_on_device<A>(context, args, static_cast<A*>(workspace));
  });
}

void pair_score_backward_cuda(Context& context, const PairScoreBackwardArgs& args,
                              void* workspace) {
  dispatch_wide(args.h.dtype, [&]<typename A>() {
    pair_score_backward_on_device<A>(context, args, static_cast<A*>(workspace));
  });
}

}  // namespace lanet
