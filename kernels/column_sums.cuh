// The sum over the rows of a matrix, for the gradients of biases.
#pragma once

#include "core/cuda/device.cuh"
#include "core/cuda/launch.h"

namespace lanet {

constexpr int kColumnSumsColumns = 32;  // of a block, one warp wide
constexpr int kColumnSumsRows = 16;     // read at a time

/// sums[c] is set to Σ_r x[r, c], or that is added. A block has kColumnSumsColumns columns; each of
/// its threads sums every kColumnSumsRows-th row of one, and the first row of threads adds up those
/// sums, in order.
template <typename T>
__global__ void column_sums_kernel(const T* x, int64_t rows, int64_t width, accumulate_t<T>* sums,
                                   bool add) {
  using A = accumulate_t<T>;
  __shared__ A partial[kColumnSumsRows][kColumnSumsColumns];
  const int64_t column = int64_t{blockIdx.x} * kColumnSumsColumns + threadIdx.x;
  A sum = 0;
  if (column < width)
    for (int64_t r = threadIdx.y; r < rows; r += kColumnSumsRows)
      sum += cuda::load(x + r * width + column);
  partial[threadIdx.y][threadIdx.x] = sum;
  __syncthreads();
  if (threadIdx.y != 0 || column >= width) return;
  for (int r = 1; r < kColumnSumsRows; ++r) sum += partial[r][threadIdx.x];
  sums[column] = add ? sums[column] + sum : sum;
}

/// x: [rows, width] of T; sums: [width], nothing is done if it is absent.
template <typename T>
void column_sums(Context& context, const T* x, int64_t rows, int64_t width, const Gradient& sums) {
  if (!sums) return;
  cuda::launch(column_sums_kernel<T>, dim3(cuda::blocks_for(width, kColumnSumsColumns)),
               dim3(kColumnSumsColumns, kColumnSumsRows), 0, cuda::stream(context), x, rows, width,
               static_cast<accumulate_t<T>*>(sums.tensor.data), sums.add);
}

}  // namespace lanet
